import crypto from 'node:crypto';

import { callersOf, compare } from './compare.mjs';
import { tenantId } from './tokens.mjs';

/** The number of tenants. */
const counts = [1, 2, 8, 64];
const peers = ['tokenkeep', 'tokenkeep-tenants', 'older', 'older-tenants'];

/**
 * Compares reads with row-level security with reads by a role that bypasses it. Neighbouring calls are for
 * different tenants: with 64 of them, each has one caller.
 *
 * @param {import('./compare.mjs').Given} given
 */
export async function measureTenants({ plan, database, settings, progress }) {
  const { client } = database;
  const role = `tokenkeep_bench_${crypto.randomBytes(4).toString('hex')}`;
  const url = new URL(settings.databaseUrl);
  [url.username, url.password] = [role, 'role'];
  await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'role';
    GRANT SELECT ON gmail_tokens TO ${role}`);
  try {
    const results = [];
    for (const count of counts) {
      await assign(client, `'tenant-' || right(user_id, 8)::int % ${count}`);
      const [result] = await compare({
        title: `${count} tenants`,
        task: 'readInTurn',
        peers,
        loads: callersOf([plan.tenants.callers]),
        plan: plan.tenants,
        database,
        settings: { ...settings, tenants: { url: url.href, count } },
        progress,
      });
      results.push({ tenants: count, ...result });
    }
    return results;
  } finally {
    // As the other benchmarks expect it.
    await assign(client, `'${tenantId}'`);
    await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
}

/** @param {import('pg').Client} client @param {string} tenant of each row, in SQL */
async function assign(client, tenant) {
  await client.query(`UPDATE gmail_tokens SET tenant_id = ${tenant}`);
  await client.query('VACUUM ANALYZE gmail_tokens');
}
