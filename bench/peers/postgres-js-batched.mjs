import crypto from 'node:crypto';

import postgres from 'postgres';

import { Batches } from './batches.mjs';
import { peerConnections } from './index.mjs';

const freshMs = 5 * 60_000;

/**
 * The fastest implementation in JavaScript that we could write: reads are combined as in tokenkeep, and the
 * key object is created once.
 *
 * @param {import('./index.mjs').Settings} settings
 */
export function open({ databaseUrl, encryptionKey }) {
  const sql = postgres(databaseUrl, { max: peerConnections });
  const key = crypto.createSecretKey(encryptionKey, 'hex');

  const rows = new Batches(async (userIds) => {
    const found =
      userIds.length === 1
        ? await sql`
            SELECT id, tenant_id, user_id, encrypted_access_token, encrypted_refresh_token,
              expires_at, scope, key_version, refreshing_at, connected_at, updated_at
            FROM gmail_tokens WHERE user_id = ${userIds[0]}`
        : await sql`
            SELECT id, tenant_id, user_id, encrypted_access_token, encrypted_refresh_token,
              expires_at, scope, key_version, refreshing_at, connected_at, updated_at
            FROM gmail_tokens WHERE user_id = ANY(${userIds})`;
    return new Map(found.map((row) => [row.user_id, row]));
  });

  async function getValidGmailToken(userId) {
    const row = await rows.get(userId);
    if (!row) throw new Error('Gmail is not connected');
    if (row.expires_at.getTime() <= Date.now() + freshMs) throw new Error('not fresh');
    return {
      id: row.id,
      userId: row.user_id,
      tenantId: row.tenant_id,
      accessToken: decrypt(row.encrypted_access_token, key),
      refreshToken: decrypt(row.encrypted_refresh_token, key),
      expiresAt: row.expires_at,
      scope: row.scope,
      keyVersion: row.key_version,
      connectedAt: row.connected_at,
    };
  }

  return { getValidGmailToken, close: () => sql.end() };
}

/** Splits at fixed positions: 12 bytes, 16 bytes, the rest. */
function decrypt(sealed, key) {
  const iv = Buffer.from(sealed.slice(0, 24), 'hex');
  const decipher = crypto.createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 });
  decipher.setAuthTag(Buffer.from(sealed.slice(25, 57), 'hex'));
  // With GCM, `update` returns the whole text and `final` nothing.
  const text = decipher.update(Buffer.from(sealed.slice(58), 'hex'));
  decipher.final();
  return text.toString('utf8');
}
