import crypto from 'node:crypto';

import postgres from 'postgres';

import { Batches } from './batches.mjs';
import { tlsOf } from './connection.mjs';
import { peerConnections } from './index.mjs';
import { tokenOf } from './rows.mjs';

/**
 * The fastest implementation in JavaScript that we could write: reads are combined as in tokenkeep, and the
 * key object is created once.
 *
 * @param {import('./index.mjs').Settings} settings
 */
export function open({ databaseUrl, encryptionKey, caFile }) {
  const sql = postgres(databaseUrl, { max: peerConnections, ssl: tlsOf({ caFile }) });
  const key = crypto.createSecretKey(encryptionKey, 'hex');
  const decrypt = (sealed) => decryptWith(key, sealed);

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
    return tokenOf(await rows.get(userId), decrypt);
  }

  return { getValidGmailToken, close: () => sql.end() };
}

/** Splits at fixed positions: 12 bytes, 16 bytes, the rest. */
function decryptWith(key, sealed) {
  const iv = Buffer.from(sealed.slice(0, 24), 'hex');
  const decipher = crypto.createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 });
  decipher.setAuthTag(Buffer.from(sealed.slice(25, 57), 'hex'));
  // With GCM, `update` returns the whole text and `final` nothing.
  const text = decipher.update(Buffer.from(sealed.slice(58), 'hex'));
  decipher.final();
  return text.toString('utf8');
}
