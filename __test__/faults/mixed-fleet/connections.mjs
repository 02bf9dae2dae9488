import crypto from 'node:crypto';

import { createCrypto } from '../../../support/old-gmail/index.mjs';

/** @typedef {{ accessToken: string, refreshToken: string }} Tokens */

/** The rows of the application's users, made and looked at without either service. */
export class Connections {
  #pool;
  #provider;
  #crypto;

  /** @param {import('pg').Pool} pool @param {{ issue: () => Tokens }} provider @param {string} key */
  constructor(pool, provider, key) {
    this.#pool = pool;
    this.#provider = provider;
    this.#crypto = createCrypto(key);
  }

  /** A consent, stored as the old service stores it; long ago. @param {string} userId */
  async connect(userId) {
    const { accessToken, refreshToken } = this.#provider.issue();
    await this.#pool.query(
      `INSERT INTO gmail_tokens (id, tenant_id, user_id, encrypted_access_token,
         encrypted_refresh_token, expires_at, scope, updated_at)
       VALUES ($1, 'tenant-1', $2, $3, $4, clock_timestamp() - interval '1 hour', '',
         clock_timestamp() - interval '2 hours')
       ON CONFLICT (user_id) DO UPDATE SET encrypted_access_token = $3,
         encrypted_refresh_token = $4, refreshing_at = NULL`,
      [crypto.randomUUID(), userId, ...[accessToken, refreshToken].map(this.#crypto.encryptToken)],
    );
  }

  /** The user's tokens as they are stored. @returns {Promise<Tokens | undefined>} */
  async tokens(userId) {
    const { rows } = await this.#pool.query(
      `SELECT encrypted_access_token AS access, encrypted_refresh_token AS refresh
       FROM gmail_tokens WHERE user_id = $1`,
      [userId],
    );
    const [accessToken, refreshToken] = rows.flatMap(({ access, refresh }) =>
      [access, refresh].map(this.#crypto.decryptToken),
    );
    return rows[0] && { accessToken, refreshToken };
  }

  /** The token runs out; what was left in the row grows as old. @param {string} userId */
  twoHoursPass(userId) {
    return this.#pool.query(
      `UPDATE gmail_tokens SET expires_at = expires_at - interval '2 hours',
         refreshing_at = refreshing_at - interval '2 hours',
         updated_at = updated_at - interval '2 hours' WHERE user_id = $1`,
      [userId],
    );
  }

  /** The token runs out, and nothing else changes. @param {string} userId */
  expire(userId) {
    return this.#pool.query(
      `UPDATE gmail_tokens SET expires_at = clock_timestamp() - interval '1 hour'
       WHERE user_id = $1`,
      [userId],
    );
  }
}
