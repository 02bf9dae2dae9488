import { compareCalls } from './calls.mjs';
import { measureExpiring } from './expiring.mjs';
import { sizesOf } from './sizes.mjs';
import { makeTable } from './tables.mjs';
import { measureTenant } from './tenant.mjs';
import { measureUpdates } from './updates.mjs';

/**
 * Compares the same calls on a small and a large table.
 *
 * @param {{ plan: import('../plan.mjs').Plan, database: import('../database.mjs').Prepared,
 *   progress: (text: string) => void }} benchmark
 */
export async function measureGrowth({ plan, database, progress }) {
  const { encryptionKey } = database;
  const updates = await measureUpdates({ plan, database, progress });
  const tables = [];
  try {
    for (const rows of plan.growth.rows) {
      progress(`growth: gmail_tokens of ${rows} rows`);
      tables.push(await makeTable(database, { rows }));
    }
    const sizes = await sizesOf(tables[1]);
    const given = { plan, tables, encryptionKey, progress };
    const calls = await compareCalls(given);
    const expiring = await measureExpiring(given);
    const tenant = await measureTenant({ plan, table: tables[0], progress });
    return { rows: plan.growth.rows, calls, sizes, updates, expiring, tenant };
  } finally {
    for (const table of tables) await table.drop();
  }
}
