/** The way to the database, and what the server is. */

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clockCheck } from '../../dist/cli/doctor/clock.js';
import { versionCheck } from '../../dist/cli/doctor/connection.js';
import type { Facts } from '../../dist/cli/doctor/findings.js';
import { poolerCheck, productOf } from '../../dist/cli/doctor/pooler.js';
import { type Database, startPostgres } from '../../support/postgres.mjs';
import { emptyDatabase, type TestDatabase } from '../helpers/database';
import { examine, on, role } from './doctor';

let database: TestDatabase;
beforeAll(async () => {
  database = await emptyDatabase();
});
afterAll(() => database.drop());

const ids = ['connection', 'version', 'writes', 'tls', 'pooler', 'clock'];

const changed = (change: (url: URL) => void): string => {
  const url = new URL(database.url);
  change(url);
  return url.href;
};

const connection = async (DATABASE_URL: string) =>
  (await examine({ DATABASE_URL })).check('database.connection');

describe('a connection', () => {
  it('that is all right is so in every respect, and its password is not told', async () => {
    const { check, stdout } = await examine(on(database));
    for (const id of ids) expect(check(`database.${id}`), id).toMatchObject({ status: 'ok' });
    const url = new URL(database.url);
    expect(check('database.connection')).toMatchObject({
      found: expect.stringContaining(`${url.host} `),
      values: {
        database: url.pathname.slice(1),
        role: url.username,
        connectMs: expect.any(Number),
      },
    });
    expect(check('database.version')!.found).toMatch(/^PostgreSQL 1\d\.\d/);
    expect(check('database.pooler')).toMatchObject({ values: { kind: 'none' } });
    expect(stdout).not.toContain(url.password);
    expect(stdout).not.toContain(url.href);
  });

  it.each<[string, (url: URL) => void, RegExp, RegExp]>([
    [
      'a name that nobody knows',
      (url) => (url.hostname = 'tokenkeep.invalid'),
      /name is not known/,
      /host/,
    ],
    [
      'a port where nobody listens',
      (url) => (url.port = '1'),
      /nobody listens/,
      /Start the server/,
    ],
    [
      'another password',
      (url) => (url.password = 'hunter2'),
      /password/,
      /Correct user and password/,
    ],
    [
      'another database',
      (url) => (url.pathname = '/nowhere'),
      /database does not exist/,
      /create it/,
    ],
  ])('with %s is a problem of its own', async (_, change, found, mend) => {
    const url = changed(change);
    const { check, stdout } = await examine({ DATABASE_URL: url });
    const { status, ...told } = check('database.connection')!;
    expect(status).toBe('problem');
    expect(told.found).toMatch(found);
    expect(told.mend).toMatch(mend);
    expect(stdout).not.toContain('hunter2');
  });

  it('that cannot be described is a problem, and what does not need it is looked at', async () => {
    const { check } = await examine({ GMAIL_ENCRYPTION_KEY: 'short' });
    expect(check('database.connection')).toMatchObject({
      status: 'problem',
      found: 'DATABASE_URL is not set.',
    });
    expect(check('keys.GMAIL_ENCRYPTION_KEY')).toMatchObject({ status: 'problem' });
    const unclear = await connection('postgres://u:hunter2/x@h/d');
    expect(unclear).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('DATABASE_URL'),
    });
    expect(JSON.stringify(unclear)).not.toContain('hunter2');
    const flag = await examine({ DATABASE_URL: database.url, TOKENKEEP_MIXED_FLEET: 'perhaps' });
    expect(flag.check('database.connection')!.found).toMatch(
      /^TOKENKEEP_MIXED_FLEET must be 1 or 0/,
    );
  });

  it('without the right to connect is a problem', async () => {
    const url = await role(database, 'stranger');
    const name = new URL(database.url).pathname.slice(1);
    await database.client.query(`REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`);
    const refused = await connection(url);
    expect(refused).toMatchObject({
      status: 'problem',
      mend: expect.stringContaining('GRANT CONNECT'),
    });
    await database.client.query(`GRANT CONNECT ON DATABASE ${name} TO PUBLIC`);
    expect(await connection(url)).toMatchObject({ status: 'ok' });
  });

  it('to a server that accepts and says nothing ends', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const told = await connection(changed((url) => (url.port = String(port))));
    expect(told).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('nobody answers'),
    });
    silent.close();
  });
});

describe('several servers', () => {
  let standby: Database;
  beforeAll(async () => {
    standby = await startPostgres();
    writeFileSync(join(standby.dataDirectory!, 'standby.signal'), '');
    await standby.restart();
  });
  afterAll(() => standby.stop());

  const both = (first: string, then: string, query = '') => {
    const [one, other] = [new URL(first), new URL(then)];
    // One user for both servers: the first's.
    return `postgres://${one.username}:${one.password}@${one.host},${other.host}${one.pathname}${query}`;
  };

  it('are tried in their order, and one that is away is worth a warning', async () => {
    const away = changed((url) => (url.port = '1'));
    expect(await connection(both(away, database.url))).toMatchObject({
      status: 'warning',
      found: expect.stringMatching(/^Connected to .*Passed over: 127\.0\.0\.1:1: nobody listens/),
    });
    expect(await connection(both(database.url, away))).toMatchObject({ status: 'ok' });
    expect(await connection(both(away, away))).toMatchObject({
      status: 'problem',
      found: '127.0.0.1:1: nobody listens there; 127.0.0.1:1: nobody listens there.',
    });
  });

  it('that are standbys take no writes', async () => {
    const { check } = await examine({ DATABASE_URL: standby.url });
    expect(check('database.writes')).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('standby'),
      mend: expect.stringContaining('target_session_attrs'),
    });
    const query = '?target_session_attrs=read-write';
    expect(await connection(standby.url + query)).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('takes no writes'),
    });
  });
});

describe('a server', () => {
  it('that takes no writes is a problem', async () => {
    const url = await role(database, 'reader');
    await database.client.query(
      `ALTER ROLE ${new URL(url).username} SET default_transaction_read_only = on`,
    );
    const { check } = await examine({ DATABASE_URL: url });
    expect(check('database.writes')).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('default_transaction_read_only'),
    });
  });

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
  const seen = { isShared: false, isMoved: false, isOfOtherAge: false };
  const server = { host: 'db.example' } as Parameters<typeof poolerCheck>[0];

  it.each([
    [{}, 'none'],
    [{ isOfOtherAge: true }, 'session'],
    [{ isShared: true }, 'transaction'],
    [{ isMoved: true, isOfOtherAge: true }, 'transaction'],
  ])('of which %j is seen is: %s', (some, kind) => {
    expect(poolerCheck(server, { found: { ...seen, ...some } }).values).toMatchObject({ kind });
  });

  it('that could not be told is not guessed, but named where its host is', () => {
    expect(poolerCheck(server, { failed: 'it broke' })).toMatchObject({ status: 'unknown' });
    expect(productOf('ep-cool-name-123-pooler.eu-central-1.aws.neon.tech')).toContain('Neon');
    expect(productOf('aws-0-eu-central-1.pooler.supabase.com')).toContain('Supavisor');
    expect(productOf('mine.proxy-abc123.eu-west-1.rds.amazonaws.com')).toContain('RDS Proxy');
    expect(productOf('db.example')).toBeUndefined();
  });
});
