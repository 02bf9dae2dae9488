import { setTimeout as sleep } from 'node:timers/promises';

import { Child } from '../process/child.mjs';
import { startEndpoint } from './calls.mjs';
import { updatesOf } from './sizes.mjs';
import { Users, makeTable } from './tables.mjs';

/** Never fresh, so that each pass refreshes the same rows. */
const EXPIRES_IN_S = 120;

/**
 * Refreshes some rows of a table repeatedly, and measures the share of HOT updates, which change no index, and
 * the growth of the table. Each refresh is two updates: lease and commit.
 *
 * @param {{ plan: import('../plan.mjs').Plan, database: import('../database.mjs').Prepared,
 *   progress: (text: string) => void }} benchmark
 */
export async function measureUpdates({ plan, database, progress }) {
  const { rows, refreshed, passes, fillfactors } = plan.growth.updates;
  const measured = [];
  for (const fillfactor of fillfactors) {
    progress(`growth: updates with fillfactor ${fillfactor}`);
    const table = await makeTable(database, { rows, fillfactor });
    const users = new Users(table).expired(refreshed);
    const before = await updatesOf(table);
    const shares = [];
    for (let pass = 0; pass < passes; pass++) {
      const seen = await updatesOf(table);
      await refresh(table, users, database.encryptionKey);
      const now = await updatesOf(table);
      shares.push((now.hot - seen.hot) / (now.all - seen.all));
    }
    const after = await updatesOf(table);
    measured.push({
      fillfactor,
      bytesPerRow: before.bytes / rows,
      hotShares: shares,
      tableGrew: after.bytes / before.bytes - 1,
      indexesGrew: after.index_bytes / before.index_bytes - 1,
    });
    await table.drop();
  }
  return { rows, refreshed, measured };
}

/** A separate process, as sessions report their statistics when they end. */
async function refresh({ databaseUrl, client }, users, encryptionKey) {
  const endpoint = await startEndpoint(0, EXPIRES_IN_S);
  const settings = { databaseUrl, encryptionKey, tokenUrl: endpoint.url };
  try {
    const child = await Child.open('tokenkeep', { settings, users });
    await child.run('walk', { call: 'getValidGmailToken', users, callers: 16 });
    await child.close();
  } finally {
    await endpoint.close();
  }
  await ended(client);
}

/** Waits until the sessions of that process have ended. */
export async function ended(client) {
  const others = `SELECT FROM pg_stat_activity WHERE datname = current_database()
    AND backend_type = 'client backend' AND pid <> pg_backend_pid()`;
  while ((await client.query(others)).rowCount > 0) await sleep(20);
}
