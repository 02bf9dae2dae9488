/** A token that expireToken has missed would be returned as it is, and a test would hang on it. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { NotConnectedError, type TokenKeep, createTokenKeep } from '../../dist/index.js';
import {
  type StoredTokenKey,
  type TestDatabase,
  type TokenEndpoint,
  expireToken,
  startTestDatabase,
  startTokenEndpoint,
} from '../../dist/testing/index.js';

let database: TestDatabase;
let endpoint: TokenEndpoint;
let keep: TokenKeep;

beforeAll(async () => {
  database = await startTestDatabase({ server: inject('databaseUrl') });
  endpoint = await startTokenEndpoint();
  keep = createTokenKeep({
    databaseUrl: database.url,
    gmailEncryptionKey: '11'.repeat(32),
    tokenkeepKey: '22'.repeat(32),
    encryptionSecret: '3'.repeat(32),
    googleClientId: 'client',
    googleClientSecret: 'secret',
    googleTokenUrl: endpoint.url,
    zohoTokenUrl: endpoint.url,
  });
});
afterAll(async () => {
  await keep?.close();
  await endpoint?.stop();
  await database?.stop();
});

const userId = randomUUID();
const inAnHour = () => new Date(Date.now() + 3_600_000);

interface Store {
  name: string;
  key: StoredTokenKey;
  store(accessToken: string, refreshToken: string): Promise<unknown>;
  valid(): Promise<string | undefined>;
}

const STORES: Store[] = [
  {
    name: 'gmail',
    key: { store: 'gmail', userId },
    store: (accessToken, refreshToken) =>
      keep.gmail.upsertGmailTokens({
        userId,
        tenantId: 'tenant',
        accessToken,
        refreshToken,
        expiresAt: inAnHour(),
        scope: 'scope',
      }),
    valid: async () => (await keep.gmail.getValidGmailToken(userId)).accessToken,
  },
  {
    name: 'zoho',
    key: { store: 'zoho', clientId: 'acme', provider: 'zoho_crm' },
    store: (accessToken, refreshToken) =>
      keep.zoho.storeTokens('acme', 'zoho_crm', { accessToken, refreshToken, expiresIn: 3_600 }),
    valid: () =>
      keep.zoho.getAccessToken('acme', 'zoho_crm', { clientId: 'id', clientSecret: 'secret' }),
  },
  ...[undefined, 'an account'].map((identifier) => ({
    name: `vault, ${identifier ?? 'no identifier'}`,
    key: { store: 'vault' as const, tenantId: userId, provider: 'google', identifier },
    async store(accessToken: string, refreshToken: string) {
      const access = { value: accessToken, expiresAt: inAnHour(), identifier };
      await keep.vault.storeToken(userId, 'google', 'access_token', access);
      const refresh = { value: refreshToken, identifier };
      await keep.vault.storeToken(userId, 'google', 'refresh_token', refresh);
    },
    async valid() {
      const options = { refresh: true };
      const found = await keep.vault.getAccessToken(userId, 'google', identifier, 5, options);
      return found?.token.value;
    },
  })),
  {
    name: 'calendar',
    key: { store: 'calendar', userId },
    store: (accessToken, refreshToken) =>
      keep.calendar.saveCalendarTokens(userId, accessToken, refreshToken, inAnHour(), null),
    valid: async () => (await keep.calendar.getCredentialsForUser(userId))?.access_token,
  },
  {
    name: 'integration',
    key: { store: 'integration', userId, provider: 'google' },
    store: (accessToken, refreshToken) =>
      keep.integration.storeToken(userId, 'google', {
        accessToken,
        refreshToken,
        expiresAt: inAnHour(),
      }),
    valid: async () => (await keep.integration.getValidToken(userId, 'google')).accessToken,
  },
];

describe.each(STORES)('$name', ({ key, store, valid }) => {
  it('refreshes at the next call, and not before', async () => {
    const { accessToken, refreshToken } = endpoint.issue();
    await store(accessToken, refreshToken);
    expect(await valid()).toBe(accessToken);
    expect(endpoint.familyOf(refreshToken)?.exchanges).toEqual([]);
    await expireToken(database.url, key);
    const refreshed = await valid();
    expect(refreshed).not.toBe(accessToken);
    expect(endpoint.familyOfAccess(refreshed!)).toBe(endpoint.familyOf(refreshToken));
    expect(endpoint.familyOf(refreshToken)?.exchanges).toHaveLength(1);
  });

  it('says that nothing is stored under a key', async () => {
    const nobody = Object.hasOwn(key, 'userId')
      ? { ...key, userId: randomUUID() }
      : { ...key, provider: 'clerk' };
    const expiring = expireToken(database.url, nobody as StoredTokenKey);
    await expect(expiring).rejects.toThrow(NotConnectedError);
  });
});

it('finds the table in the schema that the URL names', async () => {
  const url = new URL(database.url);
  url.searchParams.set('schema', 'app');
  const expiring = expireToken(url.href, { store: 'gmail', userId });
  await expect(expiring).rejects.toThrow(/"app.gmail_tokens" does not exist|app\.gmail_tokens/);
});
