/** Connecting users in memory, without a consent screen. */

import { randomUUID } from 'node:crypto';
import { optionalText, optionalTexts, optionsOf } from '../../input/arguments';
import { CALENDAR_SCOPES } from '../../stores/calendar-credentials';
import { BEGIN_OPTIONS, type BeginOptions } from '../../instance/begin-options';
import type { ConnectedStore, Connector } from '../../instance/connector';
import { AuthorizationError, type NotAuthorizedReason } from '../../errors/errors';
import { id, uuid } from './arguments';
import type { PublicMembers } from './public-members';

/** A connect link, or a started flow. */
interface PendingAuthorization {
  store: ConnectedStore;
  userId: string;
  browser: string | undefined;
  scopes: string[];
  returnTo: string | undefined;
}

/** Stores tokens for a user who has given consent. */
export type Connect = (store: ConnectedStore, userId: string, scopes: string[]) => void;

/** Like {@link Connector}; states and links can be used once and do not expire. */
export class FakeConnector implements PublicMembers<Connector> {
  readonly #pending = new Map<string, PendingAuthorization>();
  readonly #open: () => void;
  readonly #connect: Connect;
  readonly #disconnect: (store: ConnectedStore, userId: string) => boolean;

  constructor(
    open: () => void,
    connect: Connect,
    disconnect: (store: ConnectedStore, userId: string) => boolean,
  ) {
    this.#open = open;
    this.#connect = connect;
    this.#disconnect = disconnect;
  }

  redirectUri = (): URL => new URL('http://127.0.0.1/auth/google/callback');

  authorizationOrigin = (): string => 'https://accounts.google.com';

  link: Connector['link'] = async (store, options) => this.#add(store, options);

  checkLink: Connector['checkLink'] = async (store, link, userId) => {
    this.#checkUser(this.#find(store, link), userId);
  };

  followLink: Connector['followLink'] = async (store, link, browser, userId) => {
    const pending = this.#find(store, link);
    this.#checkUser(pending, userId);
    this.#pending.delete(link);
    return this.begin(store, { ...pending, browser });
  };

  begin: Connector['begin'] = async (store, options) => {
    const state = this.#add(store, options);
    const url = new URL('/o/oauth2/v2/auth', this.authorizationOrigin());
    url.search = new URLSearchParams({
      client_id: 'fake',
      redirect_uri: this.redirectUri().href,
      response_type: 'code',
      scope: this.#find(store, state).scopes.join(' '),
      state,
    }).toString();
    return url.href;
  };

  finish: Connector['finish'] = async (store, callback) => {
    const { state, code, error, browser, requiresBrowser, userId } = callback;
    const pending = this.#find(store, state);
    const isBound = pending.browser !== undefined;
    if ((isBound && pending.browser !== browser) || (requiresBrowser && !isBound)) {
      throw refusal('another_browser');
    }
    this.#checkUser(pending, userId);
    this.#pending.delete(state);
    if (!code) throw refusal(error === 'access_denied' ? 'denied' : 'server_refused');
    this.#connect(store, pending.userId, pending.scopes);
    const { userId: connected, returnTo = null } = pending;
    return { userId: connected, accountChanged: false, returnTo };
  };

  disconnect: Connector['disconnect'] = async (store, userId) => {
    this.#open();
    return this.#disconnect(store, keyOf(store, userId));
  };

  #add(store: ConnectedStore, options: BeginOptions): string {
    this.#open();
    const given = optionsOf(options, BEGIN_OPTIONS);
    const name = randomUUID();
    this.#pending.set(name, {
      store,
      userId: keyOf(store, given.userId),
      browser: optionalText('browser', given.browser),
      scopes: optionalTexts('scopes', given.scopes) ?? [...CALENDAR_SCOPES],
      returnTo: optionalText('returnTo', given.returnTo),
    });
    return name;
  }

  #find(store: ConnectedStore, name: string): PendingAuthorization {
    this.#open();
    const pending = this.#pending.get(name);
    if (pending?.store !== store) throw refusal('expired');
    return pending;
  }

  #checkUser({ store, userId: wanted }: PendingAuthorization, userId: string | undefined): void {
    if (userId !== undefined && keyOf(store, userId) !== wanted) throw refusal('another_user');
  }
}

/** The user's ID in the form that the store uses. */
function keyOf(store: ConnectedStore, userId: unknown): string {
  return store === 'calendar' ? uuid('userId', userId) : id('userId', userId);
}

function refusal(reason: NotAuthorizedReason): AuthorizationError {
  return Object.assign(new AuthorizationError(`Could not connect: ${reason}`), { reason });
}
