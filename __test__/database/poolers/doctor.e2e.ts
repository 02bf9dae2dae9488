/** The doctor through PgBouncer: which mode it sees, whatever the pooler has done before. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { examine, on } from '../../doctor/doctor';
import { emptyDatabase, type TestDatabase } from '../../helpers/database';
import { migrateOn } from '../../helpers/tables';
import { type PgBouncer, startPgBouncer } from './pgbouncer.mjs';
import { type Version, versions } from './program.mjs';

let database: TestDatabase;
let pooler: PgBouncer;
beforeAll(async () => {
  database = await emptyDatabase();
  await migrateOn(database, { stores: ['gmail'] });
});
afterEach(() => pooler.stop());
afterAll(() => database.drop());

const start = async (version: Version, mode: string, poolSize: number) => {
  // Statement mode is none that tokenkeep works with, so that nothing else starts it.
  const known = mode as 'transaction' | 'session';
  pooler = await startPgBouncer({ version, target: database.url, mode: known, poolSize });
};
const look = () => examine(on(database, { DATABASE_URL: pooler.url }));

describe.each(versions)('PgBouncer, %s', (version) => {
  it.each([
    ['transaction', 1],
    ['transaction', 5],
    ['session', 5],
  ])('in %s mode with %i connections is seen, fresh and used', async (mode, poolSize) => {
    await start(version, mode, poolSize);
    for (let round = 0; round < 3; round++) {
      const { check } = await look();
      expect(check('database.pooler')).toMatchObject({
        status: 'ok',
        values: { kind: mode, seen: { preparesStatements: false } },
      });
      expect(check('database.tls')).toMatchObject({ values: { viaPooler: true } });
      expect(check('gmail.table')).toMatchObject({ status: 'ok' });
    }
  });

  it('in statement mode is a problem', async () => {
    await start(version, 'statement', 5);
    const { check } = await look();
    expect(check('database.pooler')).toMatchObject({
      status: 'problem',
      values: { kind: 'statement' },
      fix: expect.stringContaining('pool_mode = transaction'),
    });
    expect(check('gmail.table')).toMatchObject({ status: 'unknown' });
  });
});
