import { and, eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';

import * as schema from './schema.mjs';

const { oauthTokens } = schema;

const REFRESH_BUFFER_MS = 5 * 60 * 1000;

/**
 * @typedef {object} Credentials
 * @property {string} clientId
 * @property {string} clientSecret
 *
 * @typedef {object} Tokens
 * @property {string} [accessToken]
 * @property {string} refreshToken
 * @property {number} [expiresIn]
 * @property {string} [scopes]
 * @property {Record<string, unknown>} [metadata]
 */

/**
 * The service as a factory, so that one process can have several. `refreshToken` is
 * ZOHO_REFRESH_TOKEN.
 *
 * @param {{ databaseUrl: string, tokenUrl?: string, refreshToken?: string }} options
 */
export function createOldZohoService(options) {
  const { databaseUrl, tokenUrl = 'https://accounts.zoho.com/oauth/v2/token' } = options;
  const pool = new pg.Pool({ connectionString: databaseUrl });
  // The process must not exit when the server closes an idle connection.
  pool.on('error', () => {});
  const db = drizzle(pool, { schema });

  /** @param {string} clientId @param {string} provider */
  const isRow = (clientId, provider) =>
    and(eq(oauthTokens.clientId, clientId), eq(oauthTokens.provider, provider));

  const getEnvRefreshToken = () => options.refreshToken || null;

  /**
   * @param {string} clientId
   * @param {string} provider
   * @param {Credentials} credentials
   * @returns {Promise<string>}
   */
  async function getAccessToken(clientId, provider, credentials) {
    const [token] = await db.select().from(oauthTokens).where(isRow(clientId, provider)).limit(1);
    if (token) {
      const isFresh =
        token.tokenExpiry && token.tokenExpiry.getTime() - REFRESH_BUFFER_MS > Date.now();
      if (token.accessToken && isFresh) return token.accessToken;
      return refreshAndStore(clientId, provider, token.refreshToken, credentials);
    }
    const envRefreshToken = getEnvRefreshToken();
    if (envRefreshToken) return refreshAndStore(clientId, provider, envRefreshToken, credentials);
    throw new Error(
      `No OAuth token found for ${clientId}/${provider}. Configure via env vars or database.`,
    );
  }

  /**
   * @param {string} clientId
   * @param {string} provider
   * @param {Tokens} tokens
   */
  async function storeTokens(clientId, provider, tokens) {
    const stored = {
      accessToken: tokens.accessToken || null,
      refreshToken: tokens.refreshToken,
      tokenExpiry: tokens.expiresIn ? new Date(Date.now() + tokens.expiresIn * 1000) : null,
      scopes: tokens.scopes || null,
      metadata: tokens.metadata || null,
    };
    await db
      .insert(oauthTokens)
      .values({ clientId, provider, ...stored })
      .onConflictDoUpdate({
        target: [oauthTokens.clientId, oauthTokens.provider],
        set: { ...stored, updatedAt: new Date() },
      });
  }

  /** @param {string} clientId @param {string} provider */
  async function hasToken(clientId, provider) {
    const rows = await db
      .select({ id: oauthTokens.id })
      .from(oauthTokens)
      .where(isRow(clientId, provider))
      .limit(1);
    return rows.length > 0 || Boolean(getEnvRefreshToken());
  }

  async function refreshAndStore(clientId, provider, refreshToken, credentials) {
    const response = await fetch(tokenUrl, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: credentials.clientId,
        client_secret: credentials.clientSecret,
        refresh_token: refreshToken,
      }),
    });
    if (!response.ok) {
      throw new Error(`Token refresh failed: ${response.status} - ${await response.text()}`);
    }
    const data = await response.json();
    const refreshed = {
      accessToken: data.access_token,
      refreshToken: data.refresh_token || refreshToken,
      tokenExpiry: new Date(Date.now() + data.expires_in * 1000),
    };
    await db
      .insert(oauthTokens)
      .values({
        clientId,
        provider,
        ...refreshed,
        metadata: data.api_domain ? { api_domain: data.api_domain } : null,
      })
      .onConflictDoUpdate({
        target: [oauthTokens.clientId, oauthTokens.provider],
        set: { ...refreshed, updatedAt: new Date() },
      });
    return data.access_token;
  }

  return { pool, db, getAccessToken, storeTokens, hasToken, close: () => pool.end() };
}
