/** Settings of the session, in the URL or in `PGOPTIONS`, as with node-postgres. */

import pg from 'pg';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { emptyDatabase, type TestDatabase } from '../helpers/database';
import { migrateOn } from '../helpers/tables';

let database: TestDatabase;
beforeEach(async () => {
  database = await emptyDatabase();
  await database.client.query('CREATE SCHEMA app; CREATE SCHEMA other');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await database.drop();
});

const withOptions = (options: string) => {
  const url = new URL(database.url);
  url.searchParams.set('options', options);
  return url.href;
};

it.each([
  ['in the URL', '-c search_path=app', undefined],
  ['in PGOPTIONS', undefined, '-c search_path=app'],
  ['in both: the URL counts', '-c search_path=app', '-c search_path=other'],
  ['with an escaped space', '-c search_path=app,\\ public', undefined],
])('%s', async (_, inUrl, variable) => {
  if (variable) vi.stubEnv('PGOPTIONS', variable);
  const databaseUrl = inUrl === undefined ? database.url : withOptions(inUrl);
  const theirs = new pg.Client(databaseUrl);
  await theirs.connect();
  const { rows } = await theirs.query('SELECT current_schema() AS schemaname');
  await theirs.end();
  await migrateOn(database, { stores: ['gmail'] }, { databaseUrl });
  const made = await database.client.query(
    `SELECT schemaname FROM pg_tables WHERE tablename = 'gmail_tokens'`,
  );
  expect(made.rows).toEqual(rows);
  expect(rows).toEqual([{ schemaname: 'app' }]);
});

it.each(['-c nonsense=1', '-c statement_timeout=soon', '-c max_connections=7', '--nonsense'])(
  'that the server does not take are an error that names them: %s',
  async (options) => {
    const migration = migrateOn(
      database,
      { stores: ['gmail'] },
      { databaseUrl: withOptions(options) },
    );
    await expect(migration).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_CONFIGURATION',
      message:
        'DATABASE_URL: has options (or PGOPTIONS has) that the server rejects. Write settings as -c name=value',
    });
  },
);
