import crypto from 'node:crypto';

import postgres from 'postgres';

import { createCrypto } from '../../support/old-gmail/index.mjs';
import { peerConnections } from './index.mjs';

const freshMs = 5 * 60_000;

/**
 * A well-tuned hand-written store: prepared statements, a pool of the best size, the same crypto as the
 * drizzle service. It does not refresh.
 *
 * @param {import('./index.mjs').Settings} settings
 */
export function open({ databaseUrl, encryptionKey }) {
  const sql = postgres(databaseUrl, { max: peerConnections });
  const { encryptToken, decryptToken } = createCrypto(encryptionKey);

  async function getValidGmailToken(userId) {
    const [row] = await sql`
      SELECT id, tenant_id, user_id, encrypted_access_token, encrypted_refresh_token, expires_at,
        scope, key_version, refreshing_at, connected_at, updated_at
      FROM gmail_tokens WHERE user_id = ${userId}`;
    if (!row) throw new Error('Gmail is not connected');
    if (row.expires_at.getTime() <= Date.now() + freshMs) throw new Error('not fresh');
    return {
      id: row.id,
      userId: row.user_id,
      tenantId: row.tenant_id,
      accessToken: decryptToken(row.encrypted_access_token),
      refreshToken: decryptToken(row.encrypted_refresh_token),
      expiresAt: row.expires_at,
      scope: row.scope,
      keyVersion: row.key_version,
      connectedAt: row.connected_at,
    };
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
