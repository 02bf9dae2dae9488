/** The way to the database. */

import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
  it('that is all right is so in every respect, and its password is not printed', async () => {
    const { check, stdout } = await examine(on(database));
    for (const id of ids) expect(check(`database.${id}`), id).toMatchObject({ status: 'ok' });
    expect(check('environment.variables')).toMatchObject({ status: 'ok' });
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
      /name cannot be resolved/,
      /host/,
    ],
    [
      'a port where nobody listens',
      (url) => (url.port = '1'),
      /nothing listens/,
      /Start the server/,
    ],
    [
      'another password',
      (url) => (url.password = 'hunter2'),
      /password/,
      /Correct the user and password/,
    ],
    [
      'another database',
      (url) => (url.pathname = '/nowhere'),
      /database does not exist/,
      /create it/,
    ],
  ])('with %s is a problem of its own', async (_, change, found, fix) => {
    const url = changed(change);
    const { check, stdout } = await examine({ DATABASE_URL: url });
    const { status, ...told } = check('database.connection')!;
    expect(status).toBe('problem');
    expect(told.found).toMatch(found);
    expect(told.fix).toMatch(fix);
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
    expect(flag.check('environment.variables')).toMatchObject({
      status: 'problem',
      found: expect.stringMatching(/^TOKENKEEP_MIXED_FLEET must be 1 or 0/),
    });
  });

  it('without the right to connect is a problem', async () => {
    const url = await role(database, 'stranger');
    const name = new URL(database.url).pathname.slice(1);
    await database.client.query(`REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`);
    const refused = await connection(url);
    expect(refused).toMatchObject({
      status: 'problem',
      fix: expect.stringContaining('GRANT CONNECT'),
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
      found: expect.stringContaining('no answer'),
    });
    silent.close();
  });
});
