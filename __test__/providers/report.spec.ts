/** When a run at authorization servers has failed, and what it writes. */

import { describe, expect, it } from 'vitest';
import { documentWith } from './document.mjs';
import { matrixOf, report } from './report.mjs';

const line = (check: string, seen: string, expected = seen) => ({ check, seen, expected });
const result = (name: string, ...lines: ReturnType<typeof line>[]) => ({ name, seconds: 1, lines });

const DOCUMENT = `# A document

<!-- written by npm run test:providers -- --write -->

| server | refresh |
| --- | --- |
| one | works |
| two | failed |

<!-- end -->

The end.
`;

describe('a run', () => {
  it('in which a server does something else than expected has failed', () => {
    const bad = result('one', line('refresh', 'works'), line('reuse', 'answered', 'refused'));
    expect(report.hasFailed(bad)).toBe(true);
    expect(report.text(bad)).toContain('refused');
    expect(matrixOf([bad]).rows).toEqual([['one', 'works', 'FAILED']]);
    expect(report.hasFailed(result('one', line('refresh', 'works')))).toBe(false);
  });

  it('shows one line a server, and every check of any server', () => {
    const results = [
      result('one', line('refresh', 'works')),
      result('two', line('refresh', 'works'), line('reuse', 'refused')),
    ];
    expect(matrixOf(results)).toEqual({
      head: ['server', 'refresh', 'reuse'],
      rows: [
        ['one', 'works', 'not run'],
        ['two', 'works', 'refused'],
      ],
    });
    expect(report.summary?.(results)).toContain('refused');
  });

  it('writes its lines, and keeps those of servers that it left out', () => {
    const written = documentWith(DOCUMENT, [
      result('two', line('refresh', 'works again')),
      result('three', line('refresh', 'works')),
    ]);
    expect(written).toContain('| one | works |\n| three | works |\n| two | works again |\n\n<!--');
    expect(written).toMatch(/^# A document\n/);
    expect(written).toMatch(/\nThe end\.\n$/);
  });
});
