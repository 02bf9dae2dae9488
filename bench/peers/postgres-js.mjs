import crypto from 'node:crypto';

import postgres from 'postgres';

import { createCrypto } from '../../support/old-gmail/crypto.mjs';
import { tlsOf } from './connection.mjs';
import { peerConnections } from './index.mjs';
import { tokenOf } from './rows.mjs';

/**
 * A well-tuned hand-written store: prepared statements (unless a pooler has none), a pool of the best size, the
 * same crypto as the drizzle service. It does not refresh.
 *
 * @param {import('./index.mjs').Settings} settings
 */
export function open({ databaseUrl, encryptionKey, pooled = false, caFile }) {
  const sql = postgres(databaseUrl, {
    max: peerConnections,
    prepare: !pooled,
    ssl: tlsOf({ caFile }),
  });
  const { encryptToken, decryptToken } = createCrypto(encryptionKey);

  async function getValidGmailToken(userId) {
    const [row] = await sql`
      SELECT id, tenant_id, user_id, encrypted_access_token, encrypted_refresh_token, expires_at,
        scope, key_version, refreshing_at, connected_at, updated_at
      FROM gmail_tokens WHERE user_id = ${userId}`;
    return tokenOf(row, decryptToken);
  }

  async function upsertGmailTokens(params) {
    const access = encryptToken(params.accessToken);
    const refresh = encryptToken(params.refreshToken);
    await sql`
      INSERT INTO gmail_tokens (id, tenant_id, user_id, encrypted_access_token,
        encrypted_refresh_token, expires_at, scope)
      VALUES (${crypto.randomUUID()}, ${params.tenantId}, ${params.userId}, ${access}, ${refresh},
        ${params.expiresAt}, ${params.scope})
      ON CONFLICT (user_id) DO UPDATE SET
        encrypted_access_token = EXCLUDED.encrypted_access_token,
        encrypted_refresh_token = EXCLUDED.encrypted_refresh_token,
        expires_at = EXCLUDED.expires_at,
        scope = EXCLUDED.scope,
        refreshing_at = NULL,
        updated_at = now()`;
  }

  return { getValidGmailToken, upsertGmailTokens, close: () => sql.end() };
}
