import os from 'node:os';

import { addonOf, commitOf } from './checkout.mjs';
import { findPgbench } from './limit/pgbench.mjs';
import { versionOf } from './results/versions.mjs';

/**
 * The environment on which the results depend.
 *
 * @param {import('./database.mjs').Prepared} database
 * @param {import('./checkout.mjs').Older | undefined} older
 */
export async function describeEnvironment(database, older) {
  const { rows } = await database.client.query(
    `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit`,
  );
  return {
    date: new Date().toISOString(),
    commit: commitOf(),
    older: older && { commit: older.commit, addon: older.addon },
    node: process.versions.node,
    openssl: process.versions.openssl,
    packages: Object.fromEntries(
      ['pg', 'postgres', 'drizzle-orm'].map((name) => [name, versionOf(name)]),
    ),
    pgbench: findPgbench()?.version,
    postgres: database.version,
    embedded: database.embedded,
    fsync: rows[0].fsync,
    synchronousCommit: rows[0].commit,
    system: `${os.type()} ${os.release()}`,
    cores: os.availableParallelism(),
    cpu: os.cpus()[0]?.model ?? 'unknown',
    memoryGigabytes: Math.round(os.totalmem() / 1e9),
    loadAverageBefore: Math.round(os.loadavg()[0] * 10) / 10,
    addon: addonOf(),
    users: database.users.length,
  };
}
