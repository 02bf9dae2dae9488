/** The doctor through Pgpool-II: whether that would read from standbys in spite of us. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { examine, on } from '../../doctor/doctor';
import { emptyDatabase, type TestDatabase } from '../../helpers/database';
import { migrateOn } from '../../helpers/tables';
import { Pair } from '../failover/pair';
import { Pgpool, type Settings, versionOfPgpool } from './pgpool';

const version = versionOfPgpool();
let pair: Pair;
let database: TestDatabase;
let pgpool: Pgpool;
beforeAll(async () => {
  pair = await Pair.start();
  database = await emptyDatabase(pair.primary.url);
  await migrateOn(database, { stores: ['gmail'] });
});
afterEach(() => pgpool.stop());
afterAll(async () => {
  await database?.client.end();
  await pair?.stop();
});

async function look(settings: Settings) {
  pgpool = await Pgpool.start(pair, settings);
  const { check } = await examine(on(database, { DATABASE_URL: pgpool.through(database.url) }));
  expect(check('gmail.table')).toMatchObject({ status: 'ok' });
  return check('database.pooler');
}

describe(`Pgpool-II ${version}, seen by the doctor`, () => {
  it('that does not balance is ok', async () => {
    expect(await look({ load_balance_mode: 'off', allow_sql_comments: 'on' })).toMatchObject({
      status: 'ok',
      values: { kind: 'session', seen: { pgpool: { version, balances: false } } },
    });
  });

  it('that ignores comments is a problem, and what to set is said', async () => {
    expect(await look({ allow_sql_comments: 'on' })).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('/*NO LOAD BALANCE*/'),
      fix: expect.stringContaining("primary_routing_query_pattern_list = '.*NO LOAD BALANCE.*'"),
    });
  });
});
