/** Connecting in memory: whoever follows the links is asked nothing. */

import { randomUUID } from 'node:crypto';
import { optionalText, optionalTexts, record } from '../../input/arguments';
import { CALENDAR_SCOPES } from '../../stores/calendar-credentials';
import type { BeginOptions, ConnectedStore, Connector } from '../../instance/connector';
import { AuthorizationError, type NotAuthorizedReason } from '../../errors/errors';
import { id, uuid } from './arguments';
import type { Surface } from './surface';

/** A connect link, or a flow that has begun. */
interface Begun {
  store: ConnectedStore;
  userId: string;
  browser: string | undefined;
  scopes: string[];
  returnTo: string | undefined;
}

/** What a user who has agreed is given. */
export type Connect = (store: ConnectedStore, userId: string, scopes: string[]) => void;

/** As {@link Connector}; states and links are good for one use, and for ever. */
export class FakeConnector implements Surface<Connector> {
  readonly #begun = new Map<string, Begun>();
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

  link: Connector['link'] = async (store, options) => this.#instance(store, options);

  checkLink: Connector['checkLink'] = async (store, link, userId) => {
    this.#checkUser(this.#find(store, link), userId);
  };

  followLink: Connector['followLink'] = async (store, link, browser, userId) => {
    const begun = this.#find(store, link);
    this.#checkUser(begun, userId);
    this.#begun.delete(link);
    return this.begin(store, { ...begun, browser });
  };

  begin: Connector['begin'] = async (store, options) => {
    const state = this.#instance(store, options);
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
    const begun = this.#find(store, state);
    const isBound = begun.browser !== undefined;
    if ((isBound && begun.browser !== browser) || (requiresBrowser && !isBound)) {
      throw refusal('another_browser');
    }
    this.#checkUser(begun, userId);
    this.#begun.delete(state);
    if (!code) throw refusal(error === 'access_denied' ? 'denied' : 'server_refused');
    this.#connect(store, begun.userId, begun.scopes);
    const { userId: connected, returnTo = null } = begun;
    return { userId: connected, accountChanged: false, returnTo };
  };

  disconnect: Connector['disconnect'] = async (store, userId) => {
    this.#open();
    return this.#disconnect(store, keyOf(store, userId));
  };

  #instance(store: ConnectedStore, options: BeginOptions): string {
    this.#open();
    const given = record('options', options);
    const name = randomUUID();
    this.#begun.set(name, {
      store,
      userId: keyOf(store, given['userId']),
      browser: optionalText('browser', given['browser']),
      scopes: optionalTexts('scopes', given['scopes']) ?? [...CALENDAR_SCOPES],
      returnTo: optionalText('returnTo', given['returnTo']),
    });
    return name;
  }

  #find(store: ConnectedStore, name: string): Begun {
    this.#open();
    const begun = this.#begun.get(name);
    if (begun?.store !== store) throw refusal('expired');
    return begun;
  }

  #checkUser({ store, userId: wanted }: Begun, userId: string | undefined): void {
    if (userId !== undefined && keyOf(store, userId) !== wanted) throw refusal('another_user');
  }
}

/** The user, as the store has it. */
function keyOf(store: ConnectedStore, userId: unknown): string {
  return store === 'calendar' ? uuid('userId', userId) : id('userId', userId);
}

function refusal(reason: NotAuthorizedReason): AuthorizationError {
  return Object.assign(new AuthorizationError(`Could not connect: ${reason}`), { reason });
}
