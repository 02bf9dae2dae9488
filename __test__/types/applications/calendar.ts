/** Call sites of a port of a hand-written Google Calendar service, and of what serves its users. */

import {
  exchangeCodeForTokens,
  getAuthUrl,
  getCalendarTokens,
  getCredentialsForUser,
  saveCalendarTokens,
} from 'tokenkeep/calendar';
import { createGoogleHandlers, toFastifyPlugin, toNodeListener } from 'tokenkeep/http';
import { fakeTokenKeep } from 'tokenkeep/testing';

/** What google-auth-library's `setCredentials` takes, in short. */
interface Credentials {
  refresh_token?: string | null;
  expiry_date?: number | null;
  access_token?: string | null;
  token_type?: string | null;
  scope?: string;
}

export async function use(userId: string) {
  const credentials: Credentials | null = await getCredentialsForUser(userId);
  return credentials?.access_token;
}

export const tokens = (userId: string) => getCalendarTokens(userId);
export const save = (userId: string) => saveCalendarTokens(userId, 'a', 'r', new Date(), ['s']);
export const url = (userId: string) => getAuthUrl({ userId });
export const exchange = exchangeCodeForTokens;
export const handlers = createGoogleHandlers({ userId: () => 'user' });
export const listener = toNodeListener(handlers);
export const plugin = toFastifyPlugin(handlers);
export const fake = fakeTokenKeep();
