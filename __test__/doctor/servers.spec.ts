/** Which of several servers is used, and whether it takes writes. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, startPostgres } from '../../support/postgres.mjs';
import { databaseOf, emptyDatabase, type TestDatabase } from '../helpers/database';
import { examine, nameOf, role } from './doctor';

let database: TestDatabase;
beforeAll(async () => {
  database = await emptyDatabase();
});
afterAll(() => database.drop());

const connection = async (DATABASE_URL: string) =>
  (await examine({ DATABASE_URL })).check('database.connection');

describe('several servers', () => {
  let standby: Database;
  /** For a role that both servers know. */
  let primary: string;
  beforeAll(async () => {
    const url = new URL(await role(database, 'both'));
    url.pathname = '/postgres';
    primary = url.href;
    standby = await startPostgres();
    const client = new pg.Client({ connectionString: standby.url });
    await client.connect();
    await client.query(`CREATE ROLE ${nameOf(primary)} LOGIN PASSWORD 'plain'`);
    await client.end();
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
    const away = new URL(database.url);
    away.port = '1';
    expect(await connection(both(away.href, database.url))).toMatchObject({
      status: 'warning',
      found: expect.stringMatching(/^Connected to .*Skipped: 127\.0\.0\.1:1: nothing listens/),
    });
    expect(await connection(both(database.url, away.href))).toMatchObject({ status: 'ok' });
    expect(await connection(both(away.href, away.href))).toMatchObject({
      status: 'problem',
      found:
        '127.0.0.1:1: nothing listens on this port; 127.0.0.1:1: nothing listens on this port.',
    });
  });

  it('are asked whether they take writes, where that is wanted', async () => {
    const behind = new URL(primary);
    behind.port = String(standby.port);
    const wanting = '?target_session_attrs=read-write';
    const { check } = await examine({ DATABASE_URL: both(behind.href, primary, wanting) });
    expect(check('database.connection')).toMatchObject({
      status: 'ok',
      found: expect.stringMatching(/Skipped: 127\.0\.0\.1:\d+ accepts no writes\.$/),
      values: { port: new URL(primary).port },
    });
    expect(check('database.writes')).toMatchObject({ status: 'ok' });
    const any = '?target_session_attrs=any';
    const first = await examine({ DATABASE_URL: both(behind.href, primary, any) });
    expect(first.check('database.writes')).toMatchObject({ status: 'problem' });
  });

  it('that are standbys take no writes', async () => {
    const { check } = await examine({ DATABASE_URL: standby.url });
    expect(check('database.writes')).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('standby'),
      fix: expect.stringContaining('target_session_attrs'),
    });
    const query = '?target_session_attrs=read-write';
    expect(await connection(standby.url + query)).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('accepts no writes'),
    });
  });
});

describe('a server', () => {
  it('is looked at in transactions that cannot write', async () => {
    const url = await role(database, 'spied');
    // A function of the same name in front of the server's own.
    await database.client.query(`
      CREATE TABLE public.written (at timestamptz);
      GRANT ALL ON public.written TO PUBLIC;
      CREATE SCHEMA spy;
      GRANT USAGE ON SCHEMA spy TO PUBLIC;
      CREATE FUNCTION spy.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        'INSERT INTO public.written VALUES (pg_catalog.clock_timestamp()) RETURNING at';
      ALTER ROLE ${nameOf(url)} SET search_path = spy, public, pg_catalog`);
    const { check } = await examine({ DATABASE_URL: url });
    expect(check('database.version')).toMatchObject({
      status: 'unknown',
      found: expect.stringContaining('25006'),
    });
    const { rowCount } = await database.client.query('SELECT FROM public.written');
    expect(rowCount).toBe(0);
  });

  it('has a database of texts in UTF8, or it is a problem', async () => {
    const { check } = await examine({ DATABASE_URL: database.url });
    expect(check('database.encoding')).toMatchObject({
      status: 'ok',
      values: { encoding: 'UTF8' },
    });
    const url = await databaseOf(database, 'LATIN1');
    const other = await examine({ DATABASE_URL: url });
    expect(other.check('database.encoding')).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('LATIN1'),
      fix: expect.stringContaining("ENCODING 'UTF8'"),
      values: { encoding: 'LATIN1' },
    });
  });

  it('that takes no writes is a problem', async () => {
    const url = await role(database, 'reader');
    await database.client.query(`ALTER ROLE ${nameOf(url)} SET default_transaction_read_only = on`);
    const { check } = await examine({ DATABASE_URL: url });
    expect(check('database.writes')).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('default_transaction_read_only'),
    });
  });
});
