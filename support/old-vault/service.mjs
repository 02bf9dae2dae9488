import { and, eq, isNull, lt } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';

import { createCrypto } from './crypto.mjs';
import * as schema from './schema.mjs';

const { tokenVault } = schema;

/**
 * @typedef {typeof tokenVault.$inferSelect} TokenVaultEntry
 * @typedef {TokenVaultEntry['provider']} Provider
 * @typedef {TokenVaultEntry['tokenType']} TokenType
 * @typedef {{ value: string, expiresAt?: Date, identifier?: string }} TokenData
 */

/**
 * The service as a factory, so that one process can have several.
 *
 * @param {{ databaseUrl: string, secret: string }} options
 */
export function createOldVaultService({ databaseUrl, secret }) {
  const pool = new pg.Pool({ connectionString: databaseUrl });
  // The process must not exit when the server closes an idle connection.
  pool.on('error', () => {});
  const db = drizzle(pool, { schema });
  const { encrypt, decrypt } = createCrypto(secret);

  class TokenVaultService {
    /** @param {string} tenantId @param {Provider} provider @param {TokenType} tokenType @param {TokenData} data */
    async storeToken(tenantId, provider, tokenType, data) {
      const encryptedValue = await encrypt(data.value);
      const existing = await db.query.tokenVault.findFirst({
        where: isToken(tenantId, provider, tokenType, data.identifier),
      });
      if (existing) {
        await db
          .update(tokenVault)
          .set({
            encryptedValue,
            expiresAt: data.expiresAt,
            isValid: 'true',
            lastError: null,
            lastRefreshedAt: new Date(),
            updatedAt: new Date(),
          })
          .where(eq(tokenVault.id, existing.id));
        return existing.id;
      }
      const { identifier, expiresAt } = data;
      const key = { tenantId, provider, tokenType, identifier };
      const [inserted] = await db
        .insert(tokenVault)
        .values({ ...key, encryptedValue, expiresAt, isValid: 'true' })
        .returning({ id: tokenVault.id });
      return inserted.id;
    }

    /** @param {string} tenantId @param {Provider} provider @param {TokenType} tokenType @param {string} [identifier] */
    async getToken(tenantId, provider, tokenType, identifier) {
      const entry = await db.query.tokenVault.findFirst({
        where: isToken(tenantId, provider, tokenType, identifier),
      });
      if (!entry) return null;
      db.update(tokenVault)
        .set({ lastUsedAt: new Date() })
        .where(eq(tokenVault.id, entry.id))
        .catch(() => {});
      return {
        id: entry.id,
        tenantId: entry.tenantId,
        provider: entry.provider,
        tokenType: entry.tokenType,
        value: await decrypt(entry.encryptedValue),
        identifier: entry.identifier,
        expiresAt: entry.expiresAt,
        isValid: entry.isValid,
        lastUsedAt: entry.lastUsedAt,
      };
    }

    /** @param {string} tenantId @param {Provider} provider @param {string} [identifier] */
    async getAccessToken(tenantId, provider, identifier, refreshBufferMinutes = 5) {
      const token = await this.getToken(tenantId, provider, 'access_token', identifier);
      if (!token || token.isValid === 'false') return null;
      const now = new Date();
      if (token.expiresAt && token.expiresAt <= now) {
        await this.markTokenInvalid(token.id, 'Token expired');
        return null;
      }
      const bufferMs = refreshBufferMinutes * 60 * 1000;
      const needsRefresh = token.expiresAt
        ? token.expiresAt.getTime() - now.getTime() < bufferMs
        : false;
      return { token, needsRefresh };
    }

    /** @param {string} tenantId @param {Provider} provider @param {string} [identifier] */
    async getRefreshToken(tenantId, provider, identifier) {
      return this.getToken(tenantId, provider, 'refresh_token', identifier);
    }

    /** @param {string} tokenId @param {string} error */
    async markTokenInvalid(tokenId, error) {
      await db
        .update(tokenVault)
        .set({ isValid: 'false', lastError: error, updatedAt: new Date() })
        .where(eq(tokenVault.id, tokenId));
    }

    /** @param {string} tokenId */
    async deleteToken(tokenId) {
      await db.delete(tokenVault).where(eq(tokenVault.id, tokenId));
    }

    /** @param {string} tenantId @param {Provider} provider */
    async deleteProviderTokens(tenantId, provider) {
      await db
        .delete(tokenVault)
        .where(and(eq(tokenVault.tenantId, tenantId), eq(tokenVault.provider, provider)));
    }

    /** @param {number} withinMinutes @param {Provider} [provider] */
    async findExpiringTokens(withinMinutes, provider) {
      const expiresBy = new Date(Date.now() + withinMinutes * 60 * 1000);
      return db.query.tokenVault.findMany({
        where: and(
          eq(tokenVault.isValid, 'true'),
          eq(tokenVault.tokenType, 'access_token'),
          lt(tokenVault.expiresAt, expiresBy),
          provider ? eq(tokenVault.provider, provider) : undefined,
        ),
        columns: { tenantId: true, provider: true, tokenType: true, identifier: true },
      });
    }
  }

  return { pool, db, service: new TokenVaultService(), close: () => pool.end() };
}

function isToken(tenantId, provider, tokenType, identifier) {
  return and(
    eq(tokenVault.tenantId, tenantId),
    eq(tokenVault.provider, provider),
    eq(tokenVault.tokenType, tokenType),
    identifier ? eq(tokenVault.identifier, identifier) : isNull(tokenVault.identifier),
  );
}
