import { compare } from './compare.mjs';
import { measureCrypto } from './crypto.mjs';
import { prepareDatabase } from './database.mjs';
import { describeEnvironment } from './environment.mjs';
import { measureGrowth } from './growth/index.mjs';
import { measureIntegration } from './integration.mjs';
import { readers, writers } from './peers/index.mjs';
import * as plans from './plan.mjs';
import { killAll } from './process/child.mjs';
import { measureStorms } from './storm.mjs';
import { measureTenants } from './tenants.mjs';
import { measureVault } from './vault.mjs';

/**
 * Runs the benchmarks one after the other, so that they do not affect each other.
 *
 * @param {{ quick: boolean, only: string[], progress: (text: string) => void }} options
 */
export async function measureAll({ quick, only, progress }) {
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

  const given = { plan, database, progress };
  const benchmarks = {
    crypto: () => measureCrypto(given),
    reads: () => compare({ ...given, task: 'read', peers: readers, callers: plan.readers }),
    writes: () => compare({ ...given, task: 'write', peers: writers, callers: [plan.writers] }),
    tenants: () => measureTenants(given),
    storm: () => measureStorms(given),
    vault: () => measureVault(given),
    integration: () => measureIntegration(given),
    growth: () => measureGrowth(given),
  };
  try {
    const result = { quick, environment: await describeEnvironment(database) };
    for (const name of only) result[name] = await benchmarks[name]();
    return result;
  } finally {
    killAll();
    await database.close();
  }
}
