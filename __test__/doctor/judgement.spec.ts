/** What is hard to bring about is judged from values. */

import { describe, expect, it } from 'vitest';
import { clockCheck } from '../../dist/cli/doctor/clock.js';
import { versionCheck } from '../../dist/cli/doctor/connection.js';
import type { Facts } from '../../dist/cli/doctor/findings.js';
import { poolerCheck, productOf } from '../../dist/cli/doctor/pooler.js';

describe('a server', () => {
  it.each([
    [120_022, 'problem'],
    [130_000, 'ok'],
    [180_004, 'ok'],
    [190_000, 'warning'],
  ])('of the version %i is %s', (versionNumber, status) => {
    const facts = { version: String(versionNumber / 10_000), versionNumber } as Facts;
    expect(versionCheck(facts).status).toBe(status);
  });
});

describe('clocks', () => {
  const at = (aheadMs: number, roundTripMs = 10) => ({ aheadMs, roundTripMs });

  it('may differ by five seconds, and by what cannot be measured', () => {
    expect(clockCheck(at(5_000), false).status).toBe('ok');
    expect(clockCheck(at(-5_000), true).status).toBe('ok');
    expect(clockCheck(at(5_900, 2_000), false).status).toBe('ok');
  });

  it('that differ by more are a warning, and a problem beside old instances', () => {
    expect(clockCheck(at(6_000), false)).toMatchObject({
      status: 'warning',
      found: expect.stringContaining('6.0 s ahead of this'),
    });
    expect(clockCheck(at(-6_000), true)).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('6.0 s behind this'),
    });
  });
});

describe('a pooler', () => {
  const seen = {
    isShared: false,
    isMoved: false,
    isOfOtherAge: false,
    preparesStatements: true,
    pgpool: null,
  };
  const server = { host: 'db.example' } as Parameters<typeof poolerCheck>[0];

  it.each([
    [{}, 'none'],
    [{ isOfOtherAge: true }, 'session'],
    [{ isShared: true }, 'transaction'],
    [{ isMoved: true, isOfOtherAge: true }, 'transaction'],
    [
      { pgpool: { version: '4.3.5', balances: true, ignoresComments: false, primaryPatterns: '' } },
      'session',
    ],
  ])('of which %j is seen is: %s', (some, kind) => {
    expect(poolerCheck(server, { found: { ...seen, ...some } }).values).toMatchObject({ kind });
  });

  it.each([
    [{}, 'Statements are prepared once per connection.'],
    [{ preparesStatements: false }, 'Statements are not prepared.'],
    [{ isShared: true, preparesStatements: false }, 'Statements are not prepared.'],
    [
      {
        pgpool: { version: '4.3.5', balances: false, ignoresComments: false, primaryPatterns: '' },
        preparesStatements: false,
      },
      'Statements are not prepared.',
    ],
  ])('of which %j is seen says: %s', (some, text) => {
    const { found } = poolerCheck(server, { found: { ...seen, ...some } });
    expect(found).toContain(text);
  });

  it('that could not be determined is not guessed, but its product is named where the host shows it', () => {
    expect(poolerCheck(server, { failed: 'it broke' })).toMatchObject({ status: 'unknown' });
    expect(productOf('ep-cool-name-123-pooler.eu-central-1.aws.neon.tech')).toContain('Neon');
    expect(productOf('aws-0-eu-central-1.pooler.supabase.com')).toContain('Supavisor');
    expect(productOf('mine.proxy-abc123.eu-west-1.rds.amazonaws.com')).toContain('RDS Proxy');
    expect(productOf('db.example')).toBeUndefined();
  });
});
