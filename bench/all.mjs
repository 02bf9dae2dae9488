import { callersOf, compare } from './compare.mjs';
import { measureCalls } from './calls.mjs';
import { measureCrypto } from './crypto.mjs';
import { prepareDatabase } from './database.mjs';
import { describeEnvironment } from './environment.mjs';
import { measureGrowth } from './growth/index.mjs';
import { measureIntegration } from './integration.mjs';
import { measureLimit } from './limit/index.mjs';
import { measureMemory } from './memory.mjs';
import { measureDelay } from './network/delay.mjs';
import { measurePgBouncer } from './network/pgbouncer.mjs';
import { measureTls } from './network/tls.mjs';
import { readers, writers } from './peers/index.mjs';
import * as plans from './plan.mjs';
import { killAll } from './process/child.mjs';
import { measureRate } from './rate.mjs';
import { measureStorms } from './storm.mjs';
import { measureTenants } from './tenants.mjs';
import { measureVault } from './vault.mjs';

/** @type {Record<string, (given: import('./compare.mjs').Given) => Promise<unknown>>} */
const benchmarks = {
  crypto: measureCrypto,
  reads: (given) =>
    compare({
      ...given,
      title: 'reads',
      task: 'read',
      peers: readers,
      loads: callersOf(given.plan.readers),
    }),
  writes: (given) =>
    compare({
      ...given,
      title: 'writes',
      task: 'write',
      peers: writers,
      loads: callersOf(given.plan.writers),
    }),
  tenants: measureTenants,
  storm: measureStorms,
  calls: measureCalls,
  rate: measureRate,
  memory: measureMemory,
  limit: measureLimit,
  tls: measureTls,
  delay: measureDelay,
  pgbouncer: measurePgBouncer,
  vault: measureVault,
  integration: measureIntegration,
  growth: measureGrowth,
};

/**
 * Runs the benchmarks one after the other, so that they do not affect each other. One that cannot run on this
 * machine is `null` in the result.
 *
 * @param {{ quick: boolean, only: string[], older?: import('./checkout.mjs').Older,
 *   progress: (text: string) => void }} options
 */
export async function measureAll({ quick, only, older, progress }) {
  const plan = quick ? plans.quick : plans.full;
  progress(`database of ${plan.users} users`);
  const database = await prepareDatabase(plan.users);
  const leave = async (code) => {
    killAll();
    await database.close().catch(() => {});
    process.exit(code);
  };
  process.once('SIGINT', () => leave(130));
  process.once('SIGTERM', () => leave(143));

  const { databaseUrl, encryptionKey } = database;
  const settings = { databaseUrl, encryptionKey, olderCheckout: older?.path };
  const given = { plan, database, settings, progress };
  try {
    const result = { quick, environment: await describeEnvironment(database, older) };
    for (const name of only) result[name] = (await benchmarks[name](given)) ?? null;
    return result;
  } finally {
    killAll();
    await database.close();
  }
}
