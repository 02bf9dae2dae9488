/** `tokenkeep/calendar`: exactly the names of a hand-written service, on the default instance. */

import type { CalendarCredentials, CalendarTokens, ExchangeOptions } from './stores/calendar';
import type { AuthorizationOptions } from './instance/connector';
import { defaultInstance } from './instance/instance';

export type { CalendarCredentials, CalendarTokens, ExchangeOptions } from './stores/calendar';
export type { AuthorizationOptions } from './instance/connector';

/** The stored tokens, fresh or not; `null` when there are none. */
export async function getCalendarTokens(userId: string): Promise<CalendarTokens | null> {
  return defaultInstance().calendar.getCalendarTokens(userId);
}

/** Stores a user's tokens, sealed; replaces what was stored, also while a refresh is under way. */
export async function saveCalendarTokens(
  userId: string,
  accessToken: string,
  refreshToken: string,
  tokenExpiry: Date | null,
  scopes: string[] | null,
): Promise<void> {
  const { calendar } = defaultInstance();
  return calendar.saveCalendarTokens(userId, accessToken, refreshToken, tokenExpiry, scopes);
}

/** Deletes the stored tokens, if there are any; never calls Google. */
export async function deleteCalendarTokens(userId: string): Promise<void> {
  return defaultInstance().calendar.deleteCalendarTokens(userId);
}

/**
 * The URL of Google's consent screen for this user: code flow with PKCE (RFC 7636), its state good
 * for ten minutes and one use. Google sends the browser back to `GOOGLE_OAUTH_REDIRECT_URI`.
 */
export async function getAuthUrl(options: AuthorizationOptions): Promise<string> {
  return defaultInstance().calendar.getAuthUrl(options);
}

/**
 * Exchanges the code that came with the callback, and stores the tokens. Without a new refresh token
 * the stored one is kept; another account than before is the event `account.changed`.
 * @throws {AuthorizationError} and nothing was stored; `reason` says why
 */
export async function exchangeCodeForTokens(
  userId: string,
  code: string,
  options: ExchangeOptions,
): Promise<void> {
  return defaultInstance().calendar.exchangeCodeForTokens(userId, code, options);
}

/**
 * Credentials with at least five minutes left, refreshed once across all processes if need be;
 * `null` when the user is not connected.
 * @throws {TokenRevokedError} when Google says `invalid_grant`; the row is gone then
 */
export async function getCredentialsForUser(userId: string): Promise<CalendarCredentials | null> {
  return defaultInstance().calendar.getCredentialsForUser(userId);
}
