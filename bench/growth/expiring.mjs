import { createTokenKeep } from 'tokenkeep';

import { provider } from '../peers/tokenkeep-integration.mjs';
import { Child } from '../process/child.mjs';
import { newTokens } from '../tokens.mjs';
import { spread } from '../statistics.mjs';
import { startEndpoint } from './calls.mjs';
import { sizesOf, updatesOf } from './sizes.mjs';
import { ended } from './updates.mjs';

const EXPIRES_WITHIN_MS = 900_000;

/**
 * `refreshExpiring` on a large `integration_tokens`: with some rows that expire soon, with nothing to do, and
 * with revoked grants, whose rows stay at the start of the index.
 *
 * @param {{ plan: import('../plan.mjs').Plan, tables: import('./tables.mjs').GrowthTable[],
 *   encryptionKey: string, progress: (text: string) => void }} benchmark
 */
export async function measureExpiring({ plan, tables, encryptionKey, progress }) {
  const { due, dead, endpointMs, integrationRows } = plan.growth;
  const endpoint = await startEndpoint(endpointMs);
  const measured = [];
  try {
    for (const [index, table] of tables.entries()) {
      const rows = integrationRows[index];
      progress(`growth: integration_tokens of ${rows} rows`);
      const settings = { databaseUrl: table.databaseUrl, encryptionKey, tokenUrl: endpoint.url };
      measured.push(await measure(table, rows, { settings, plan: plan.growth }));
    }
  } finally {
    await endpoint.close();
  }
  return { due, dead, measured };
}

async function measure(table, rows, { settings, plan: { due, dead, rounds } }) {
  const { client } = table;
  await fill(client, rows);
  await makeDue(settings, due);
  await client.query('VACUUM ANALYZE integration_tokens');
  const before = await updatesOf(table, 'integration_tokens');
  const { refreshed, tookMs } = await once(settings);
  if (refreshed !== due) throw new Error(`${refreshed} of ${due} were refreshed`);
  await ended(client);
  const after = await updatesOf(table, 'integration_tokens');
  const idleMs = await repeated(settings, rounds);
  await bury(client, dead);
  return {
    rows,
    refreshesPerSecond: (due * 1_000) / tookMs,
    hotShare: (after.hot - before.hot) / (after.all - before.all),
    idleMs,
    idleBesideDeadMs: await repeated(settings, rounds),
    sizes: await sizesOf({ client, rows: rows + due + dead }, 'integration_tokens'),
  };
}

/** Rows that are not due: plaintext of the length of a sealed token, valid for days. */
async function fill(client, rows) {
  const { accessToken, refreshToken } = newTokens();
  await client.query(
    `INSERT INTO integration_tokens (user_id, provider, access_token, refresh_token, expires_at, scopes)
     SELECT md5(n::text), '${provider}', $2, $3, now() + interval '1 day' + n * interval '1 ms', '{}'
     FROM generate_series(1, $1::int) AS n`,
    [rows, accessToken.padEnd(278, 'x'), refreshToken.padEnd(148, 'x')],
  );
}

async function makeDue({ databaseUrl, encryptionKey }, due) {
  const keep = createTokenKeep({ databaseUrl, tokenkeepKey: encryptionKey });
  const expiresAt = new Date(Date.now() + EXPIRES_WITHIN_MS / 2);
  const users = Array.from({ length: due }, (_, index) => `due-${index}`);
  const store = (user) =>
    keep.integration.storeToken(user, provider, { ...newTokens(), expiresAt });
  for (let from = 0; from < due; from += 100) {
    await Promise.all(users.slice(from, from + 100).map(store));
  }
  await keep.close();
}

/** Grants that were revoked a while ago. */
async function bury(client, dead) {
  await client.query(
    `INSERT INTO integration_tokens (user_id, provider, access_token, refresh_token, expires_at,
       scopes, invalid_since, updated_at)
     SELECT 'dead-' || n, '${provider}', 'a', 'r', now() - n * interval '1 second', '{}', now(), now()
     FROM generate_series(1, $1::int) AS n`,
    [dead],
  );
  await client.query('VACUUM ANALYZE integration_tokens');
}

async function repeated(settings, rounds) {
  const took = [];
  for (let round = 0; round < rounds; round++) took.push((await once(settings)).tookMs);
  return spread(took);
}

async function once(settings) {
  const child = await Child.open('tokenkeep-integration', { settings, users: [] });
  const result = await child.run('expiring', { expiresWithin: EXPIRES_WITHIN_MS, concurrency: 32 });
  await child.close();
  return result;
}
