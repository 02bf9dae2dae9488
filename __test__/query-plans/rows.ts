/** Rows of other users: so many that reading all of them is never the better plan. */

import type pg from 'pg';

const ROWS = 20_000;

/** Of one tenant of the vault, each under another identifier. */
const TENANT_ROWS = 2_000;

/** The tables, and rows that expire within a year. */
const FILL = {
  gmail_tokens: `
    (id, tenant_id, user_id, encrypted_access_token, encrypted_refresh_token, expires_at, scope)
    SELECT n, n % 50, n, 'sealed', 'sealed', now() + n * interval '20 minutes', ''`,
  oauth_tokens: `
    (client_id, provider, access_token, refresh_token, token_expiry)
    SELECT n, 'zoho_crm', 'sealed', 'sealed', now() + n * interval '20 minutes'`,
  google_calendar_tokens: `
    (user_id, access_token, refresh_token, token_expiry)
    SELECT gen_random_uuid(), 'sealed', 'sealed', now() + n * interval '20 minutes'`,
  integration_tokens: `
    (user_id, provider, access_token, refresh_token, expires_at, scopes)
    SELECT n, 'acme', 'sealed', 'sealed', now() + n * interval '20 minutes', '{}'`,
  token_vault: `
    (tenant_id, provider, token_type, identifier, encrypted_value, expires_at)
    SELECT gen_random_uuid(), 'google', (ARRAY['access_token', 'refresh_token'])[1 + n % 2]::token_type,
      NULL, 'sealed', now() + n * interval '20 minutes'`,
  'tokenkeep.oauth_state': `
    (id, kind, sealed, expires_at)
    SELECT n, 'state', 'sealed', now() + n * interval '20 minutes'`,
  'tokenkeep.oauth_account': `
    (target_schema, store, key, subject) SELECT '', 'calendar', n, 'fingerprint'`,
  'tokenkeep.oauth_client': `
    (target_schema, store, client) SELECT 'public', (ARRAY['calendar', 'gmail', 'integration', 'vault', 'zoho'])[1 + n % 5], n`,
  'tokenkeep.refresh_state': `
    (target_schema, store, key, client)
    SELECT 'public', (ARRAY['calendar', 'gmail', 'integration', 'vault', 'zoho'])[1 + n % 5], ARRAY[n::text],
      'fingerprint'`,
};

/** Fills every table; gives their names. */
export async function fillTables(client: pg.Client, tenantId: string): Promise<string[]> {
  const tables = Object.entries(FILL);
  for (const [table, rows] of tables) {
    await client.query(`INSERT INTO ${table} ${rows} FROM generate_series(1, ${ROWS}) AS n`);
  }
  await client.query(
    `INSERT INTO token_vault (tenant_id, provider, token_type, identifier, encrypted_value, expires_at)
     SELECT $1, 'google', type, 'account ' || n, 'sealed', now() + n * interval '20 minutes'
     FROM generate_series(1, ${TENANT_ROWS}) AS n, unnest(enum_range(NULL::token_type)) AS type
     WHERE type IN ('access_token', 'refresh_token')`,
    [tenantId],
  );
  await client.query('VACUUM ANALYZE');
  return tables.map(([table]) => table);
}
