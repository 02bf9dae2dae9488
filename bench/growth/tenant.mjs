import crypto from 'node:crypto';

import { createTokenKeep } from 'tokenkeep';

import { percentile } from '../statistics.mjs';

const READS = 100;

/**
 * How long it takes to read one account's tokens when a tenant of the vault has more and more accounts.
 *
 * @param {{ plan: import('../plan.mjs').Plan, table: import('./tables.mjs').GrowthTable,
 *   progress: (text: string) => void }} benchmark
 */
export async function measureTenant({ plan, table, progress }) {
  const encryptionSecret = crypto.randomBytes(32).toString('hex');
  const keep = createTokenKeep({ databaseUrl: table.databaseUrl, encryptionSecret });
  const tenantId = crypto.randomUUID();
  await keep.vault.storeToken(tenantId, 'google', 'access_token', { value: 'token' });
  const measured = [];
  let accounts = 1;
  for (const wanted of plan.growth.accounts) {
    progress(`growth: a tenant of the vault with ${wanted} accounts`);
    await add(table.client, { tenantId, from: accounts, to: wanted });
    accounts = wanted;
    const waits = [];
    while (waits.length < READS) {
      const start = performance.now();
      await keep.vault.getToken(tenantId, 'google', 'access_token');
      waits.push(performance.now() - start);
    }
    const sorted = Float64Array.from(waits).sort();
    measured.push({ accounts: wanted, p50Ms: percentile(sorted, 0.5) });
  }
  await keep.close();
  return measured;
}

/** Adds accounts with the existing sealed value, which any row may contain. */
async function add(client, { tenantId, from, to }) {
  await client.query(
    `INSERT INTO token_vault (tenant_id, provider, token_type, identifier, encrypted_value)
     SELECT $1, 'google', 'access_token', 'account ' || n, encrypted_value
     FROM generate_series($2::int, $3::int) AS n, token_vault
     WHERE tenant_id = $1 AND identifier IS NULL`,
    [tenantId, from, to - 1],
  );
  await client.query('VACUUM ANALYZE token_vault');
}
