import { existsSync } from 'node:fs';

import { startPgBouncer } from '../../__test__/database/poolers/pgbouncer.mjs';
import { callersOf, compare } from '../compare.mjs';

const program = '/usr/sbin/pgbouncer';
/** Those that work through a PgBouncer that knows nothing of prepared statements. */
const peers = ['tokenkeep', 'older', 'drizzle', 'postgres-js'];
/** PgBouncer's default. */
const poolSize = 20;

/**
 * Reads and writes through PgBouncer in transaction mode. `undefined` if it is not installed.
 *
 * @param {import('../compare.mjs').Given} given
 */
export async function measurePgBouncer({ settings, ...given }) {
  if (!existsSync(program)) return undefined;
  const target = settings.databaseUrl;
  const pooler = await startPgBouncer({ version: 'installed', target, poolSize });
  try {
    const own = { ...settings, databaseUrl: pooler.url, pooled: true };
    const measure = (title, task) =>
      compare({
        ...given,
        title: `${title} through PgBouncer`,
        task,
        peers,
        loads: callersOf([given.plan.pooledCallers]),
        settings: own,
      });
    const reads = await measure('reads', 'read');
    const writes = await measure('writes', 'write');
    return { version: pooler.version, reads, writes };
  } finally {
    await pooler.stop();
  }
}
