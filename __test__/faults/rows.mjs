/** Rows of `gmail_tokens`, made without tokenkeep. */
import { randomBytes, randomUUID } from 'node:crypto';

import { decryptToken } from '../../dist/crypto.js';

import { createCrypto } from '../../support/old-gmail/index.mjs';

/** A key for this run alone; tokenkeep reads it from the environment. */
export const KEY = (process.env.GMAIL_ENCRYPTION_KEY = randomBytes(32).toString('hex'));

export const TENANT = 'faults';
export const SCOPE = 'https://www.googleapis.com/auth/gmail.readonly';

/** How old an expiry is that is over. */
const OVER = "interval '1 hour'";

const { encryptToken } = createCrypto(KEY);

/**
 * A user and the newest grant that it gave.
 *
 * @typedef {{ id: string, accessToken: string, refreshToken: string }} User
 * @typedef {{ query: (sql: string, values?: unknown[]) => Promise<{ rows: any[] }> }} Client
 */

/** Stores a row whose access token has run out. @param {Client} client @param {User} user */
export async function insert(client, user) {
  await client.query(
    `INSERT INTO gmail_tokens (id, tenant_id, user_id, encrypted_access_token,
       encrypted_refresh_token, expires_at, scope)
     VALUES ($1, $2, $3, $4, $5, clock_timestamp() - ${OVER}, $6)`,
    [
      randomUUID(),
      TENANT,
      user.id,
      encryptToken(user.accessToken),
      encryptToken(user.refreshToken),
      SCOPE,
    ],
  );
}

/** What the application does when the user connects again. @param {Client} client @param {User} user */
export async function reconnect(client, user) {
  await client.query(
    `UPDATE gmail_tokens SET encrypted_access_token = $2, encrypted_refresh_token = $3,
       expires_at = clock_timestamp() + interval '1 hour', refreshing_at = NULL,
       updated_at = clock_timestamp()
     WHERE user_id = $1`,
    [user.id, encryptToken(user.accessToken), encryptToken(user.refreshToken)],
  );
}

/** Has access tokens run out. @param {Client} client @param {string[]} users */
export async function expire(client, users) {
  await client.query(
    `UPDATE gmail_tokens SET expires_at = clock_timestamp() - ${OVER} WHERE user_id = ANY($1)`,
    [users],
  );
}

/**
 * The refresh tokens that are stored, by user, opened by tokenkeep.
 *
 * @param {Client} client
 * @param {string[]} users
 * @returns {Promise<Map<string, string>>}
 */
export async function storedTokens(client, users) {
  const { rows } = await client.query(
    'SELECT user_id, encrypted_refresh_token AS sealed FROM gmail_tokens WHERE user_id = ANY($1)',
    [users],
  );
  return new Map(rows.map(({ user_id: user, sealed }) => [user, decryptToken(sealed)]));
}
