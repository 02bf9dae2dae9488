import { expect, it } from 'vitest';
import { emptyDatabase } from '../helpers/database';
import { migrateOn } from '../helpers/tables';
import { MAJORS } from './majors';
import { storm } from './storm/storm.mjs';

/** `storm/run.mjs` plays many. */
const ROUNDS = 3;

it.each(MAJORS)(
  '%s: 400 fibers of 4 processes, half of them interrupted, make one request',
  async (version) => {
    const database = await emptyDatabase();
    await migrateOn(database, { stores: ['integration'] });
    const told = await storm({ version, rounds: ROUNDS, databaseUrl: database.url });
    await database.drop();
    expect(told).toMatchObject({
      rounds: ROUNDS,
      wrong: { requests: 0, failures: 0, otherTokens: 0, hanging: 0, leases: 0, exits: 0 },
    });
    expect(told.given).toBeGreaterThanOrEqual(ROUNDS * 200);
    expect(told.given + told.interrupted).toBe(ROUNDS * 400);
  },
);
