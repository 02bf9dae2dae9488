/** What `npm run bench -- --write` writes of the results of a run. */

import { describe, expect, it } from 'vitest';
import { page } from '../../bench/results/markdown.mjs';
import { plot } from '../../bench/results/plot.mjs';

const spread = (median: number) => ({ median, min: median * 0.9, max: median * 1.1 });
const measured = (name: string, rate: number) => ({
  name,
  label: name,
  opsPerSecond: spread(rate),
  p50Ms: spread(1),
  p99Ms: spread(2),
  loopDelayP99Ms: spread(3),
  loopMicrosPerOp: spread(4),
  cpuMsPer1k: spread(5),
});
const addon = { file: 'tokenkeep.node', megabytes: 5, debug: false };
const result = {
  quick: false,
  environment: {
    date: '2026-11-30T10:00:00.000Z',
    commit: 'abc1234',
    older: { commit: 'def5678', addon },
    packages: { pg: '8.1.0' },
    node: '20.1.0',
    openssl: '3.0.1',
    postgres: '18.4',
    embedded: true,
    fsync: 'off',
    system: 'Linux 6',
    cores: 2,
    cpu: 'a processor',
    memoryGigabytes: 8,
    loadAverageBefore: 0.5,
    users: 20_000,
    addon,
  },
  reads: [1, 64].map((callers) => ({
    callers,
    peers: [measured('tokenkeep', 60_000), measured('postgres-js', 20_000)],
    ratios: {
      tokenkeep: {
        'postgres-js': {
          opsPerSecond: spread(callers === 1 ? 1 : 4),
          loopMicrosPerOp: spread(2),
          cpuMsPer1k: spread(2),
        },
      },
    },
  })),
  limit: null,
};

describe('the page', () => {
  const text = page(result, '../docs/images/reads.svg');

  it('says on what was measured: machine, versions, date, both builds', () => {
    for (const told of ['2026-11-30', 'a processor', '20.1.0', '18.4', 'pg 8.1.0']) {
      expect(text).toContain(told);
    }
    expect(text).toContain('at abc1234');
    expect(text).toContain('at def5678');
  });

  it('says of each goal whether it was reached, or that it was not measured', () => {
    const line = (work: string) => text.split('\n').find((one) => one.startsWith(`| ${work}`));
    expect(line('reads, 64 callers, to postgres.js |')).toContain(
      '| 4.00x [3.60-4.40] | 3.5 | 5 | yes |',
    );
    expect(line('reads, 1 caller, to postgres.js |')).toContain('| 1.1 | 1.5 | **no** |');
    expect(line('encrypt of 200 bytes')).toContain('| not measured |');
  });

  it('says what the machine could not measure', () => {
    expect(text).toContain('limit: not measured, as pgbench is not installed');
  });

  it('is marked if the run was a quick one', () => {
    expect(text).not.toContain('quick run');
    expect(page({ ...result, quick: true })).toContain('This was a quick run');
  });
});

describe('the picture', () => {
  it('has a line for each implementation that was measured, and no other', () => {
    const drawing = plot(result);
    expect(drawing.match(/<polyline/g)).toHaveLength(2);
    expect(drawing).toContain('>tokenkeep</text>');
    expect(drawing).not.toContain('drizzle service');
  });

  it('has colours of its own on dark pages', () => {
    expect(plot(result)).toContain('@media (prefers-color-scheme: dark)');
  });
});
