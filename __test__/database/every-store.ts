/** Every function of every store that has a statement, on one instance. */

import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { createTokenKeep, type TokenKeep, type TokenKeepOptions } from '../../dist/index.js';
import { KEY } from '../helpers/database';
import { failureOf } from '../helpers/promises';
import type { Endpoint } from '../helpers/scene';

export const STORES = ['gmail', 'zoho', 'vault', 'calendar', 'integration'] as const;

const CREDENTIALS = { clientId: 'client', clientSecret: 'secret' };
const SCOPE = 'https://www.googleapis.com/auth/calendar.events';
const past = () => new Date(Date.now() - 60_000);
const inAnHour = () => new Date(Date.now() + 3_600_000);

/** An instance that has what every store needs. */
export function keepOfEveryStore(
  databaseUrl: string,
  endpoint: Endpoint,
  options: TokenKeepOptions = {},
): TokenKeep {
  return createTokenKeep({
    databaseUrl,
    gmailEncryptionKey: KEY,
    tokenkeepKey: KEY,
    encryptionSecret: 'a secret of more than thirty-two characters',
    googleClientId: 'client',
    googleClientSecret: 'secret',
    googleOauthRedirectUri: 'http://127.0.0.1/callback',
    googleTokenUrl: endpoint.url,
    googleRevocationUrl: endpoint.url,
    zohoTokenUrl: endpoint.url,
    providers: { acme: { tokenUrl: endpoint.url, ...CREDENTIALS } },
    ...options,
  });
}

/** Uses all of them; each that refreshes does so once. */
export async function useEveryStore(keep: TokenKeep, endpoint: Endpoint): Promise<void> {
  await useGmail(keep, endpoint);
  await useZoho(keep, endpoint);
  await useVault(keep, endpoint);
  await useCalendar(keep, endpoint);
  await useIntegration(keep, endpoint);
}

async function useGmail({ gmail }: TokenKeep, endpoint: Endpoint): Promise<void> {
  const userId = randomUUID();
  const issued = endpoint.issue();
  const token = { userId, tenantId: 'tenant', ...issued, expiresAt: past(), scope: SCOPE };
  await gmail.upsertGmailTokens(token);
  expect(await gmail.getGmailTokenDecrypted(userId)).toMatchObject(issued);
  expect(await gmail.hasActiveGmailConnection(userId)).toBe(true);
  const refreshed = await gmail.getValidGmailToken(userId);
  expect(refreshed.refreshToken).not.toBe(issued.refreshToken);
  expect(await gmail.getGmailTokenDecrypted(userId)).toMatchObject(refreshed);
  await gmail.deleteGmailTokens(userId);
  expect(await gmail.getGmailTokenDecrypted(userId)).toBeNull();
}

async function useZoho({ zoho }: TokenKeep, endpoint: Endpoint): Promise<void> {
  const client = randomUUID();
  const { refreshToken } = endpoint.issue();
  await zoho.storeTokens(client, 'zoho_crm', { refreshToken });
  expect(await zoho.hasToken(client, 'zoho_crm')).toBe(true);
  const token = await zoho.getAccessToken(client, 'zoho_crm', CREDENTIALS);
  expect(await zoho.getAccessToken(client, 'zoho_crm', CREDENTIALS)).toBe(token);
}

async function useVault({ vault }: TokenKeep, endpoint: Endpoint): Promise<void> {
  const tenant = randomUUID();
  const { accessToken, refreshToken } = endpoint.issue();
  const access = { value: accessToken, expiresAt: past() };
  await vault.storeToken(tenant, 'google', 'access_token', access);
  const id = await vault.storeToken(tenant, 'google', 'refresh_token', { value: refreshToken });
  expect(await vault.getRefreshToken(tenant, 'google')).toMatchObject({ value: refreshToken });
  const expiring = await vault.findExpiringTokens(5);
  expect(expiring.map(({ tenantId }) => tenantId)).toContain(tenant);
  const refreshed = await vault.getAccessToken(tenant, 'google', undefined, 5, { refresh: true });
  expect(refreshed!.token).not.toBe(accessToken);
  await vault.markTokenInvalid(id, 'a test');
  await vault.deleteToken(id);
  await vault.deleteProviderTokens(tenant, 'google');
  expect(await vault.getToken(tenant, 'google', 'access_token')).toBeNull();
}

async function useCalendar({ calendar }: TokenKeep, endpoint: Endpoint): Promise<void> {
  const user = randomUUID();
  const { accessToken, refreshToken } = endpoint.issue();
  await calendar.saveCalendarTokens(user, accessToken, refreshToken, past(), [SCOPE]);
  expect(await calendar.getCalendarTokens(user)).toMatchObject({ accessToken, refreshToken });
  const credentials = await calendar.getCredentialsForUser(user);
  const stored = await calendar.getCalendarTokens(user);
  expect(stored!.accessToken).not.toBe(accessToken);
  expect(credentials!.access_token).toBe(stored!.accessToken);
  expect(await calendar.getAuthUrl({ userId: user })).toContain('state=');
  await calendar.deleteCalendarTokens(user);
  expect(await calendar.getCalendarTokens(user)).toBeNull();
}

async function useIntegration({ integration }: TokenKeep, endpoint: Endpoint): Promise<void> {
  const [user, provider] = [randomUUID(), 'acme'];
  const issued = endpoint.issue();
  const token = { ...issued, scopes: ['read'] };
  // Not due yet: another instance's refreshExpiring would refresh it.
  await integration.storeToken(user, provider, { ...token, expiresAt: inAnHour() });
  expect(await integration.getToken(user, provider)).toMatchObject(issued);
  await integration.storeToken(user, provider, { ...token, expiresAt: past() });
  const refreshed = await integration.getValidToken(user, provider);
  expect(refreshed.accessToken).not.toBe(issued.accessToken);
  expect(await integration.connectionStatus(user, provider)).toMatchObject({ active: true });
  await integration.refreshExpiring({ expiresWithin: 1_000 });
  await integration.revoke(user, provider);
  const gone = await failureOf(integration.getValidToken(user, provider));
  expect(gone.code).toBe('ERR_TOKENKEEP_NOT_CONNECTED');
}
