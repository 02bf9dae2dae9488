/** `tokenkeep/calendar`: the calendar store of the default instance, as plain functions. */

import type { CalendarCredentials, CalendarTokens, ExchangeOptions } from './stores/calendar';
import type { AuthorizationOptions } from './instance/begin-options';
import { onDefault } from './instance/instance';

export type { CalendarCredentials, CalendarTokens, ExchangeOptions } from './stores/calendar';
export type { AuthorizationOptions } from './instance/begin-options';

/** Returns the stored tokens, expired or not; `null` if there are none. */
export function getCalendarTokens(userId: string): Promise<CalendarTokens | null> {
  return onDefault(({ calendar }) => calendar.getCalendarTokens(userId));
}

/** Stores a user's tokens, sealed. Replaces stored tokens, even during a refresh. */
export function saveCalendarTokens(
  userId: string,
  accessToken: string,
  refreshToken: string,
  tokenExpiry: Date | null,
  scopes: string[] | null,
): Promise<void> {
  return onDefault(({ calendar }) =>
    calendar.saveCalendarTokens(userId, accessToken, refreshToken, tokenExpiry, scopes),
  );
}

/** Deletes the stored tokens, if any. Does not call Google. */
export function deleteCalendarTokens(userId: string): Promise<void> {
  return onDefault(({ calendar }) => calendar.deleteCalendarTokens(userId));
}

/**
 * Returns the URL of Google's consent screen for this user: code flow with PKCE (RFC 7636); the state is
 * valid once, for ten minutes. Google redirects the browser to `GOOGLE_OAUTH_REDIRECT_URI`.
 */
export function getAuthUrl(options: AuthorizationOptions): Promise<string> {
  return onDefault(({ calendar }) => calendar.getAuthUrl(options));
}

/**
 * Exchanges the code of the callback and stores the tokens. Keeps the stored refresh token if Google returns
 * none. Publishes the event `account.changed` if the account differs from the one before.
 * @throws {AuthorizationError} if nothing was stored; `reason` says why
 */
export function exchangeCodeForTokens(
  userId: string,
  code: string,
  options: ExchangeOptions,
): Promise<void> {
  return onDefault(({ calendar }) => calendar.exchangeCodeForTokens(userId, code, options));
}

/**
 * Returns credentials that are valid for at least five minutes, refreshed once across all processes if
 * necessary; `null` if the user is not connected.
 * @throws {TokenRevokedError} if Google returns `invalid_grant`; the row is deleted
 */
export function getCredentialsForUser(userId: string): Promise<CalendarCredentials | null> {
  return onDefault(({ calendar }) => calendar.getCredentialsForUser(userId));
}
