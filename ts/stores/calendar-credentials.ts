/** A row of the calendar store as credentials for google-auth-library. */

import type { CalendarCredentials, CalendarTokens } from './calendar';

/** The smallest scope for the events of calendars. */
export const CALENDAR_SCOPES: readonly string[] = [
  'https://www.googleapis.com/auth/calendar.events',
];

/** A row as credentials. */
export function credentialsOf(tokens: CalendarTokens): CalendarCredentials {
  const { accessToken, refreshToken, tokenExpiry, scopes } = tokens;
  const granted = scopes?.length ? scopes : CALENDAR_SCOPES;
  const credentials: CalendarCredentials = {
    access_token: accessToken,
    scope: granted.join(' '),
    token_type: 'Bearer',
  };
  if (refreshToken) credentials.refresh_token = refreshToken;
  if (tokenExpiry) credentials.expiry_date = Number(tokenExpiry);
  return credentials;
}
