/** Each store: how a token that is good until a date comes in, and is asked for. */

import type { TokenKeep } from '../../dist/index.js';
import type { IssuedTokens, StoredTokenKey } from '../../dist/testing/index.js';

export interface StoreCase {
  name: string;
  key: StoredTokenKey;
  store(keep: TokenKeep, until: Date, tokens?: IssuedTokens): Promise<unknown>;
  valid(keep: TokenKeep): Promise<string | undefined>;
  /** What a store does to a dead grant. */
  ended: 'deleted' | 'marked';
}

export const STORED: IssuedTokens = { accessToken: 'stored', refreshToken: 'refresh' };

/** All of them, for one user, whose id is a UUID. */
export function storeCases(userId: string): StoreCase[] {
  return [
    {
      name: 'gmail',
      key: { store: 'gmail', userId },
      store: (keep, expiresAt, tokens = STORED) =>
        keep.gmail.upsertGmailTokens({
          userId,
          tenantId: 'tenant',
          ...tokens,
          expiresAt,
          scope: 'scope',
        }),
      valid: async (keep) => (await keep.gmail.getValidGmailToken(userId)).accessToken,
      ended: 'deleted',
    },
    {
      name: 'zoho',
      key: { store: 'zoho', clientId: userId, provider: 'zoho_crm' },
      store: (keep, until, tokens = STORED) => {
        const expiresIn = Math.round((Number(until) - Date.now()) / 1_000);
        return keep.zoho.storeTokens(userId, 'zoho_crm', { ...tokens, expiresIn });
      },
      valid: (keep) => {
        const credentials = { clientId: 'client', clientSecret: 'secret' };
        return keep.zoho.getAccessToken(userId, 'zoho_crm', credentials);
      },
      ended: 'marked',
    },
    vault(userId, undefined),
    vault(userId, 'an account'),
    {
      name: 'calendar',
      key: { store: 'calendar', userId },
      store: (keep, until, { accessToken, refreshToken } = STORED) =>
        keep.calendar.saveCalendarTokens(userId, accessToken, refreshToken, until, ['scope']),
      valid: async (keep) => (await keep.calendar.getCredentialsForUser(userId))?.access_token,
      ended: 'deleted',
    },
    {
      name: 'integration',
      key: { store: 'integration', userId, provider: 'google' },
      store: (keep, expiresAt, tokens = STORED) =>
        keep.integration.storeToken(userId, 'google', { ...tokens, expiresAt }),
      valid: async (keep) => (await keep.integration.getValidToken(userId, 'google')).accessToken,
      ended: 'marked',
    },
  ];
}

function vault(tenantId: string, identifier: string | undefined): StoreCase {
  return {
    name: identifier === undefined ? 'vault' : 'vault, with an identifier',
    key: { store: 'vault', tenantId, provider: 'google', identifier },
    async store(keep, expiresAt, { accessToken, refreshToken } = STORED) {
      const access = { value: accessToken, expiresAt, identifier };
      await keep.vault.storeToken(tenantId, 'google', 'access_token', access);
      if (!refreshToken) return;
      const refresh = { value: refreshToken, identifier };
      await keep.vault.storeToken(tenantId, 'google', 'refresh_token', refresh);
    },
    async valid(keep) {
      const options = { refresh: true };
      const found = await keep.vault.getAccessToken(tenantId, 'google', identifier, 5, options);
      return found?.token.value;
    },
    ended: 'marked',
  };
}
