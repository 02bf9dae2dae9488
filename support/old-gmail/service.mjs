import { setTimeout as sleep } from 'node:timers/promises';
import { and, eq, isNull, lt, or } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';

import { createCrypto } from './crypto.mjs';
import { createGoogleAuth } from './google-auth.mjs';
import * as schema from './schema.mjs';

const { gmailTokens } = schema;

const REFRESH_BUFFER_MS = 5 * 60 * 1000;
const LOCK_TIMEOUT_MS = 30 * 1000;
const LOCK_WAIT_MS = 2000;
const MAX_RETRIES = 3;

export class GmailNotConnectedError extends Error {
  constructor(message = 'Gmail is not connected for this user') {
    super(message);
    this.name = 'GmailNotConnectedError';
  }
}

export class GmailTokenRevokedError extends Error {
  constructor(message = 'Gmail access was revoked') {
    super(message);
    this.name = 'GmailTokenRevokedError';
  }
}

/**
 * @typedef {object} UpsertGmailTokensParams
 * @property {string} userId
 * @property {string} tenantId
 * @property {string} accessToken
 * @property {string} refreshToken
 * @property {Date} expiresAt
 * @property {string} scope
 *
 * @typedef {object} DecryptedGmailToken
 * @property {string} id
 * @property {string} userId
 * @property {string} tenantId
 * @property {string} accessToken
 * @property {string} refreshToken
 * @property {Date} expiresAt
 * @property {string} scope
 * @property {number} keyVersion
 * @property {Date} connectedAt
 *
 * @callback RefreshFn
 * @param {string} refreshToken
 * @returns {Promise<{ accessToken: string, refreshToken?: string, expiryDate: number }>}
 */

/**
 * The service as a factory, so that one process can have several. `now` is the server's clock.
 *
 * @param {{ databaseUrl: string, encryptionKey: string, tokenUrl?: string, clientId?: string,
 *   clientSecret?: string, now?: () => number }} options
 */
export function createOldGmailService(options) {
  const { databaseUrl, encryptionKey, now = Date.now } = options;
  const pool = new pg.Pool({ connectionString: databaseUrl });
  // The process must not exit when the server closes an idle connection.
  pool.on('error', () => {});
  const db = drizzle(pool, { schema });
  const { encryptToken, decryptToken } = createCrypto(encryptionKey);
  const refreshAtGoogle = createGoogleAuth({ ...options, now });

  /** @param {UpsertGmailTokensParams} params */
  async function upsertGmailTokens(params) {
    const stored = {
      encryptedAccessToken: encryptToken(params.accessToken),
      encryptedRefreshToken: encryptToken(params.refreshToken),
      expiresAt: params.expiresAt,
      scope: params.scope,
    };
    await db
      .insert(gmailTokens)
      .values({ userId: params.userId, tenantId: params.tenantId, ...stored })
      .onConflictDoUpdate({
        target: gmailTokens.userId,
        set: { ...stored, updatedAt: new Date(now()), refreshingAt: null },
      });
  }

  /**
   * @param {string} userId
   * @returns {Promise<DecryptedGmailToken | null>}
   */
  async function getGmailTokenDecrypted(userId) {
    const [row] = await db
      .select()
      .from(gmailTokens)
      .where(eq(gmailTokens.userId, userId))
      .limit(1);
    if (!row) return null;
    return {
      id: row.id,
      userId: row.userId,
      tenantId: row.tenantId,
      accessToken: decryptToken(row.encryptedAccessToken),
      refreshToken: decryptToken(row.encryptedRefreshToken),
      expiresAt: row.expiresAt,
      scope: row.scope,
      keyVersion: row.keyVersion,
      connectedAt: row.connectedAt,
    };
  }

  /** @param {string} userId */
  async function deleteGmailTokens(userId) {
    await db.delete(gmailTokens).where(eq(gmailTokens.userId, userId));
  }

  /** @param {string} userId */
  async function hasActiveGmailConnection(userId) {
    const [row] = await db
      .select({ id: gmailTokens.id })
      .from(gmailTokens)
      .where(eq(gmailTokens.userId, userId))
      .limit(1);
    return Boolean(row);
  }

  /**
   * @param {string} userId
   * @param {RefreshFn} [refreshFn]
   * @returns {Promise<DecryptedGmailToken>}
   */
  async function getValidGmailToken(userId, refreshFn = refreshAtGoogle, retryCount = 0) {
    const token = await getGmailTokenDecrypted(userId);
    if (!token) throw new GmailNotConnectedError();
    if (token.expiresAt.getTime() > now() + REFRESH_BUFFER_MS) return token;

    if (!(await lock(userId))) {
      if (retryCount >= MAX_RETRIES) {
        throw new Error('Gmail token refresh timed out: another process holds the lock');
      }
      await sleep(LOCK_WAIT_MS);
      return getValidGmailToken(userId, refreshFn, retryCount + 1);
    }

    try {
      const refreshed = await refreshFn(token.refreshToken);
      const expiresAt = new Date(refreshed.expiryDate);
      await db
        .update(gmailTokens)
        .set({
          encryptedAccessToken: encryptToken(refreshed.accessToken),
          ...(refreshed.refreshToken && {
            encryptedRefreshToken: encryptToken(refreshed.refreshToken),
          }),
          expiresAt,
          refreshingAt: null,
          updatedAt: new Date(now()),
        })
        .where(eq(gmailTokens.userId, userId));
      return {
        ...token,
        accessToken: refreshed.accessToken,
        refreshToken: refreshed.refreshToken ?? token.refreshToken,
        expiresAt,
      };
    } catch (error) {
      await unlock(userId);
      if (error instanceof Error && error.message.includes('invalid_grant')) {
        await deleteGmailTokens(userId);
        throw new GmailTokenRevokedError();
      }
      throw error;
    }
  }

  async function lock(userId) {
    const expired = new Date(now() - LOCK_TIMEOUT_MS);
    const locked = await db
      .update(gmailTokens)
      .set({ refreshingAt: new Date(now()) })
      .where(
        and(
          eq(gmailTokens.userId, userId),
          or(isNull(gmailTokens.refreshingAt), lt(gmailTokens.refreshingAt, expired)),
        ),
      )
      .returning({ id: gmailTokens.id });
    return locked.length > 0;
  }

  async function unlock(userId) {
    await db.update(gmailTokens).set({ refreshingAt: null }).where(eq(gmailTokens.userId, userId));
  }

  return {
    pool,
    db,
    encryptToken,
    decryptToken,
    upsertGmailTokens,
    getGmailTokenDecrypted,
    deleteGmailTokens,
    hasActiveGmailConnection,
    /** @type {(userId: string, refreshFn?: RefreshFn) => Promise<DecryptedGmailToken>} */
    getValidGmailToken: (userId, refreshFn) => getValidGmailToken(userId, refreshFn),
    close: () => pool.end(),
  };
}
