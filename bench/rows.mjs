import crypto from 'node:crypto';

import { createCrypto } from '../support/old-gmail/crypto.mjs';
import { expiredAMinuteAgo, expiresInAnHour, newTokens, scope, tenantId } from './tokens.mjs';

/** @param {number} count */
export function userIds(count) {
  return Array.from({ length: count }, (_, index) => `user-${String(index).padStart(8, '0')}`);
}

/**
 * Stores one row per user, sealed by Node's crypto, so that no implementation reads its own values.
 *
 * @param {import('pg').Client} client
 * @param {string[]} users
 */
export async function fill(client, users, encryptionKey) {
  const { encryptToken } = createCrypto(encryptionKey);
  const expiresAt = expiresInAnHour();
  for (let from = 0; from < users.length; from += 1_000) {
    const part = users.slice(from, from + 1_000);
    const sealed = part.map(() => {
      const { accessToken, refreshToken } = newTokens();
      return [accessToken, refreshToken].map(encryptToken);
    });
    const ids = part.map(() => crypto.randomUUID());
    const columns = [ids, part, sealed.map(([access]) => access), sealed.map(([, next]) => next)];
    await client.query(insertMany, [...columns, tenantId, scope, expiresAt]);
  }
  await client.query('VACUUM ANALYZE gmail_tokens');
}

const insertMany = `
  INSERT INTO gmail_tokens (id, user_id, encrypted_access_token, encrypted_refresh_token,
    tenant_id, scope, expires_at)
  SELECT id, user_id, access, refresh, $5, $6, $7
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS t (id, user_id, access, refresh)`;

/** Stores expired tokens for a user. @param {import('pg').Client} client */
export async function expire(client, userId, tokens, encryptionKey) {
  const { encryptToken } = createCrypto(encryptionKey);
  const [access, refresh] = [tokens.accessToken, tokens.refreshToken].map(encryptToken);
  const values = [crypto.randomUUID(), userId, access, refresh, tenantId, scope];
  await client.query(upsertOne, [...values, expiredAMinuteAgo()]);
}

const upsertOne = `
  INSERT INTO gmail_tokens (id, user_id, encrypted_access_token, encrypted_refresh_token,
    tenant_id, scope, expires_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (user_id) DO UPDATE SET
    encrypted_access_token = EXCLUDED.encrypted_access_token,
    encrypted_refresh_token = EXCLUDED.encrypted_refresh_token,
    expires_at = EXCLUDED.expires_at,
    refreshing_at = NULL,
    updated_at = now()`;
