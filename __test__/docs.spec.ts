import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as tokenkeep from '../dist/index.js';

const root = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

describe('the documents', () => {
  it('name every error with its code, class and retryability, and no other', () => {
    const rows = [...read('README.md').matchAll(/^\| `([A-Z_]+)` \| `(\w+)`[^|]*\| ([^|]+) \|/gm)];
    const documented = rows.map(([, code, name, retryable]) => ({ code, name, retryable }));
    const exported = Object.values(tokenkeep)
      .filter((value) => typeof value === 'function' && value.prototype instanceof Error)
      .map((Class) => new (Class as new () => tokenkeep.TokenkeepError)())
      .filter(
        ({ name }) => !['TokenkeepError', 'Error'].includes(name) && !name.startsWith('Gmail'),
      )
      .map(({ code, name, retryable }) => ({
        code: code.replace('ERR_TOKENKEEP_', ''),
        name,
        retryable: name === 'DatabaseError' ? 'by `sqlstate`' : retryable ? 'yes' : 'no',
      }));
    const byCode = (a: { code?: string }, b: { code?: string }) =>
      String(a.code).localeCompare(String(b.code));
    expect(documented.toSorted(byCode)).toEqual(exported.toSorted(byCode));
  });

  it('name every variable that is read, and no other', () => {
    const documented = [...read('.env.example').matchAll(/^#?([A-Z_]+)=/gm)].map(
      ([, name]) => name,
    );
    const sources = ['settings', 'crypto', 'http/setting']
      .map((name) => read(`ts/${name}.ts`))
      .join();
    const used = [...sources.matchAll(/(?:env\[|\w: )'([A-Z][A-Z_]+)'/g)].map(([, name]) =>
      String(name),
    );
    const own = used.filter((name) => !name.startsWith('PG'));
    expect(new Set(documented)).toEqual(new Set(own));
  });

  it('show the limits that are in force', () => {
    const readme = read('README.md');
    for (const limit of [
      '30 s',
      'watched for 5 s',
      '15 s',
      '20 s',
      '5 min',
      '7 s; 5 s; 5 s',
      '64 KiB',
    ]) {
      expect(readme).toContain(limit);
    }
    const limits = read('src/config.rs');
    for (const value of [
      'lease_ms: 30_000',
      'takeover_grace_ms: 5_000',
      'http_budget_ms: 15_000',
    ]) {
      expect(limits).toContain(value);
    }
  });
});
