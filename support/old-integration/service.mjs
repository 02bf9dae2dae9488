import { and, eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';

import { createGoogle } from './google.mjs';
import * as schema from './schema.mjs';

const { integrationTokens } = schema;

/**
 * @typedef {object} StoredToken
 * @property {string} accessToken
 * @property {string | null} refreshToken
 * @property {number} expiresAt milliseconds since 1970
 * @property {string[]} [scopes]
 */

/**
 * The service as a factory, so that one process can have several.
 *
 * @param {{ databaseUrl: string, tokenUrl?: string }} options
 */
export function createOldIntegrationService(options) {
  const { databaseUrl, tokenUrl = 'https://oauth2.googleapis.com/token' } = options;
  const pool = new pg.Pool({ connectionString: databaseUrl });
  // The process must not exit when the server closes an idle connection.
  pool.on('error', () => {});
  const db = drizzle(pool, { schema });
  const refreshGoogleToken = createGoogle(tokenUrl);

  /** @param {string} userId @param {string} provider */
  const isRow = (userId, provider) =>
    and(eq(integrationTokens.userId, userId), eq(integrationTokens.provider, provider));

  /** @param {typeof integrationTokens.$inferSelect} row */
  const tokenOf = ({ accessToken, refreshToken, expiresAt, scopes, provider }) => ({
    accessToken,
    refreshToken,
    expiresAt: expiresAt.getTime(),
    scopes,
    provider,
  });

  /** @param {string} userId @param {string} provider */
  async function get(userId, provider) {
    const [row] = await db.select().from(integrationTokens).where(isRow(userId, provider));
    return row ? tokenOf(row) : null;
  }

  /** @param {string} userId @param {string} provider @param {StoredToken} token */
  async function store(userId, provider, token) {
    const { accessToken, refreshToken, expiresAt, scopes = [] } = token;
    const stored = { accessToken, refreshToken, expiresAt: new Date(expiresAt), scopes };
    await db
      .insert(integrationTokens)
      .values({ userId, provider, ...stored })
      .onConflictDoUpdate({
        target: [integrationTokens.userId, integrationTokens.provider],
        set: { ...stored, updatedAt: new Date() },
      });
  }

  /**
   * Locks the row during the request to the provider: a second caller waits, and then finds a token that has
   * not expired.
   *
   * @param {string} userId
   * @param {string} provider
   * @param {(refreshToken: string) => Promise<StoredToken>} refreshFn
   */
  async function refresh(userId, provider, refreshFn) {
    return db.transaction(async (tx) => {
      const [row] = await tx
        .select()
        .from(integrationTokens)
        .where(isRow(userId, provider))
        .for('update');
      if (!row?.refreshToken) throw new Error('TokenRefreshError: no refresh token');
      if (row.expiresAt.getTime() > Date.now()) return tokenOf(row);
      const refreshed = await refreshFn(row.refreshToken);
      const [stored] = await tx
        .update(integrationTokens)
        .set({
          accessToken: refreshed.accessToken,
          refreshToken: refreshed.refreshToken ?? row.refreshToken,
          expiresAt: new Date(refreshed.expiresAt),
          scopes: refreshed.scopes ?? row.scopes,
          updatedAt: new Date(),
        })
        .where(isRow(userId, provider))
        .returning();
      return tokenOf(stored);
    });
  }

  /** @param {string} userId @param {string} provider */
  async function revoke(userId, provider) {
    await db.delete(integrationTokens).where(isRow(userId, provider));
  }

  /** @param {string} userId @param {string} provider */
  async function getValidToken(userId, provider) {
    const token = await get(userId, provider);
    if (!token) throw new Error('No Google OAuth token found');
    return token.expiresAt < Date.now() ? refresh(userId, provider, refreshGoogleToken) : token;
  }

  return { pool, get, store, refresh, revoke, getValidToken, close: () => pool.end() };
}
