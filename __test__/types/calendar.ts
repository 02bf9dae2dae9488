import type * as calendar from 'tokenkeep/calendar';
import type { Equal, Expect } from './expect';

export type Functions = [
  Expect<
    Equal<
      typeof calendar.getCalendarTokens,
      (userId: string) => Promise<calendar.CalendarTokens | null>
    >
  >,
  Expect<
    Equal<
      typeof calendar.saveCalendarTokens,
      (
        userId: string,
        accessToken: string,
        refreshToken: string,
        tokenExpiry: Date | null,
        scopes: string[] | null,
      ) => Promise<void>
    >
  >,
  Expect<Equal<typeof calendar.deleteCalendarTokens, (userId: string) => Promise<void>>>,
  Expect<
    Equal<typeof calendar.getAuthUrl, (options: calendar.AuthorizationOptions) => Promise<string>>
  >,
  Expect<
    Equal<
      typeof calendar.exchangeCodeForTokens,
      (userId: string, code: string, options: calendar.ExchangeOptions) => Promise<void>
    >
  >,
  Expect<
    Equal<
      typeof calendar.getCredentialsForUser,
      (userId: string) => Promise<calendar.CalendarCredentials | null>
    >
  >,
];

export type Shapes = [
  Expect<
    Equal<
      calendar.CalendarTokens,
      {
        accessToken: string;
        refreshToken: string;
        tokenExpiry: Date | null;
        scopes: string[] | null;
      }
    >
  >,
  Expect<
    Equal<
      calendar.CalendarCredentials,
      {
        access_token: string;
        refresh_token?: string;
        expiry_date?: number;
        scope: string;
        token_type: 'Bearer';
      }
    >
  >,
  Expect<
    Equal<
      calendar.AuthorizationOptions,
      { userId: string; browser?: string | undefined; scopes?: string[] | undefined }
    >
  >,
  Expect<
    Equal<
      calendar.ExchangeOptions,
      { state: string; browser?: string | undefined; iss?: string | undefined }
    >
  >,
];
