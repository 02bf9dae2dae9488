import crypto from 'node:crypto';

import pg from 'pg';

import { createCrypto } from '../../support/old-gmail/crypto.mjs';
import { urlOf } from './connection.mjs';
import { peerConnections } from './index.mjs';
import { columns, tokenOf } from './rows.mjs';

const select = {
  name: 'select',
  text: `SELECT ${columns} FROM gmail_tokens WHERE user_id = $1`,
};
const upsert = {
  name: 'upsert',
  text: `
    INSERT INTO gmail_tokens (id, tenant_id, user_id, encrypted_access_token,
      encrypted_refresh_token, expires_at, scope)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (user_id) DO UPDATE SET
      encrypted_access_token = EXCLUDED.encrypted_access_token,
      encrypted_refresh_token = EXCLUDED.encrypted_refresh_token,
      expires_at = EXCLUDED.expires_at,
      scope = EXCLUDED.scope,
      refreshing_at = NULL,
      updated_at = now()`,
};

/**
 * A careful hand-written store on node-postgres: statements prepared by name, the same crypto as the drizzle
 * service. It does not refresh.
 *
 * @param {import('./index.mjs').Settings} settings
 */
export function open(settings) {
  const pool = new pg.Pool({ connectionString: urlOf(settings), max: peerConnections });
  const { encryptToken, decryptToken } = createCrypto(settings.encryptionKey);

  async function getValidGmailToken(userId) {
    const { rows } = await pool.query({ ...select, values: [userId] });
    return tokenOf(rows[0], decryptToken);
  }

  async function upsertGmailTokens(params) {
    const values = [
      crypto.randomUUID(),
      params.tenantId,
      params.userId,
      encryptToken(params.accessToken),
      encryptToken(params.refreshToken),
      params.expiresAt,
      params.scope,
    ];
    await pool.query({ ...upsert, values });
  }

  return { getValidGmailToken, upsertGmailTokens, close: () => pool.end() };
}
