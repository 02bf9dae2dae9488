/** The calendar store in memory. */

import { optionalScopes, optionalText, record } from '../../input/arguments';
import { credentialsOf } from '../../stores/calendar-credentials';
import type { CalendarStore, CalendarTokens } from '../../stores/calendar';
import { NotConnectedError } from '../../errors/errors';
import { id, validDateOrNull, token, tokenOrEmpty, uuid } from './arguments';
import type { FakeConnector } from './connector';
import type { Grant, Place } from './grant';
import type { Refresher } from './refresher';
import type { PublicMembers } from './public-members';

/** Like {@link CalendarStore}. */
export class FakeCalendar implements PublicMembers<CalendarStore> {
  readonly #grants = new Map<string, Grant>();
  readonly #open: () => void;
  readonly #refresher: Refresher;
  readonly #connector: FakeConnector;

  constructor(open: () => void, refresher: Refresher, connector: FakeConnector) {
    this.#open = open;
    this.#refresher = refresher;
    this.#connector = connector;
  }

  saveCalendarTokens: CalendarStore['saveCalendarTokens'] = async (
    userId,
    accessToken,
    refreshToken,
    tokenExpiry,
    scopes,
  ) => {
    this.#open();
    const expiry = validDateOrNull('tokenExpiry', tokenExpiry);
    this.place([uuid('userId', userId)]).write({
      accessToken: token('accessToken', accessToken),
      refreshToken: tokenOrEmpty('refreshToken', refreshToken),
      // A token without an expiry counts as fresh.
      expiresAt: expiry ? Number(expiry) : Infinity,
      scopes: optionalScopes('scopes', scopes) ?? [],
      isDead: false,
    });
  };

  getCalendarTokens: CalendarStore['getCalendarTokens'] = async (userId) => {
    this.#open();
    const grant = this.place([uuid('userId', userId)]).read();
    return grant ? tokensOf(grant) : null;
  };

  deleteCalendarTokens: CalendarStore['deleteCalendarTokens'] = async (userId) => {
    this.#open();
    this.#grants.delete(uuid('userId', userId));
  };

  getCredentialsForUser: CalendarStore['getCredentialsForUser'] = async (userId) => {
    this.#open();
    try {
      const grant = await this.#refresher.valid(this.place([uuid('userId', userId)]));
      return credentialsOf(tokensOf(grant));
    } catch (error) {
      if (error instanceof NotConnectedError) return null;
      throw error;
    }
  };

  getAuthUrl: CalendarStore['getAuthUrl'] = async (options) =>
    this.#connector.begin('calendar', options);

  exchangeCodeForTokens: CalendarStore['exchangeCodeForTokens'] = async (userId, code, options) => {
    const given = record('options', options);
    const browser = optionalText('browser', given['browser']);
    await this.#connector.finish('calendar', {
      userId: uuid('userId', userId),
      code: id('code', code),
      state: id('options.state', given['state']),
      ...(browser === undefined ? {} : { browser }),
    });
  };

  disconnect: CalendarStore['disconnect'] = async (userId) =>
    this.#connector.disconnect('calendar', userId);

  /** The place of a user's grant. */
  place(key: readonly string[]): Place {
    const [userId = ''] = key;
    return {
      store: 'calendar',
      key,
      read: () => this.#grants.get(userId),
      write: (grant) => this.#grants.set(userId, grant),
      markRevoked: () => this.#grants.delete(userId),
      remove: () => this.#grants.delete(userId),
    };
  }
}

function tokensOf({ accessToken, refreshToken, expiresAt, scopes }: Grant): CalendarTokens {
  return {
    accessToken,
    refreshToken,
    tokenExpiry: Number.isFinite(expiresAt) ? new Date(expiresAt) : null,
    scopes: scopes.length ? [...scopes] : null,
  };
}
