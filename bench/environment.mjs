import fs from 'node:fs';
import os from 'node:os';
import { fileURLToPath } from 'node:url';

/** A release build has about 5 MB, a debug build nearly 40. */
const debugMinBytes = 20 * 1_000_000;
const root = fileURLToPath(new URL('..', import.meta.url));

/** The addon that is loaded; undefined if none was built. */
export function addon() {
  const prefix = `tokenkeep.${process.platform}-${process.arch}`;
  const file = fs
    .readdirSync(root)
    .find((name) => name.startsWith(prefix) && name.endsWith('.node'));
  if (!file) return undefined;
  const bytes = fs.statSync(`${root}/${file}`).size;
  return { file, megabytes: Math.round(bytes / 1e5) / 10, debug: bytes > debugMinBytes };
}

/**
 * The environment on which the results depend.
 *
 * @param {import('./database.mjs').Prepared} database
 */
export async function describeEnvironment(database) {
  const { rows } = await database.client.query(
    `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit`,
  );
  return {
    node: process.versions.node,
    postgres: database.version,
    embedded: database.embedded,
    fsync: rows[0].fsync,
    synchronousCommit: rows[0].commit,
    cores: os.availableParallelism(),
    cpu: os.cpus()[0]?.model ?? 'unknown',
    loadAverageBefore: Math.round(os.loadavg()[0] * 10) / 10,
    addon: addon(),
    users: database.users.length,
  };
}
