/** The next events of a user's calendar: the code that is tested. */

import { NotConnectedError, TokenRevokedError } from 'tokenkeep';

const API = 'https://www.googleapis.com/calendar/v3/calendars/primary/events';

/**
 * What the page shows: events, or that the user must connect.
 *
 * @param {import('tokenkeep').TokenKeep} keep
 * @param {string} userId
 * @param {typeof fetch} [send]
 */
export async function nextEvents(keep, userId, send = fetch) {
  try {
    const { accessToken } = await keep.integration.getValidToken(userId, 'google');
    const response = await send(API, { headers: { authorization: `Bearer ${accessToken}` } });
    if (!response.ok) throw new Error(`Google Calendar answers ${response.status}`);
    const { items } = await response.json();
    return { connected: true, events: items.map(({ summary }) => summary) };
  } catch (error) {
    if (error instanceof NotConnectedError || error instanceof TokenRevokedError) {
      return { connected: false, events: [] };
    }
    throw error;
  }
}
