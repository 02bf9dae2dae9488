import { Credentials, fetchToken } from './google-auth.mjs';
import { createSupabase } from './supabase.mjs';
import { createTokenStore } from './token-store.mjs';

const SCOPES = ['https://www.googleapis.com/auth/calendar.events'];

/**
 * The program as a factory, so that one process can have several.
 *
 * @param {object} options
 * @param {string} options.databaseUrl
 * @param {string} [options.role] of the service key; default: that of the connection
 * @param {string} [options.tokenUrl]
 * @param {(line: string) => void} [options.log]
 */
export function createOldCalendarService(options) {
  const { tokenUrl = 'https://oauth2.googleapis.com/token', log = () => {} } = options;
  const redirectUri = 'http://127.0.0.1:1/auth/google/callback';
  const client = { tokenUrl, clientId: 'client', clientSecret: 'secret', redirectUri };
  const supabase = createSupabase(options);
  const store = createTokenStore(supabase, log);

  /** @param {string} userId @param {string} code */
  async function exchangeCodeForTokens(userId, code) {
    const { token, refreshToken, expiry } = await fetchToken(client, code, SCOPES);
    await store.saveCalendarTokens(userId, token, refreshToken || '', expiry, SCOPES);
  }

  /** @param {string} userId */
  async function getCredentialsForUser(userId) {
    const tokens = await store.getCalendarTokens(userId);
    if (!tokens) return null;
    const credentials = new Credentials({
      token: tokens.access_token,
      refreshToken: tokens.refresh_token,
      scopes: tokens.scopes?.length ? tokens.scopes : SCOPES,
      client,
    });
    // Never true: the stored expiry is not passed.
    if (credentials.expired && credentials.refreshToken) {
      await credentials.refresh();
      const { token, refreshToken, expiry, scopes } = credentials;
      await store.saveCalendarTokens(userId, token, refreshToken || '', expiry, scopes);
    }
    return credentials;
  }

  return { ...store, exchangeCodeForTokens, getCredentialsForUser, close: supabase.close };
}
