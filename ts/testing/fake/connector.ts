/** Connecting users in memory, without a consent screen. */

import { randomUUID } from 'node:crypto';
import { optionalText, optionalTexts, optionsOf } from '../../input/arguments';
import { CALENDAR_SCOPES } from '../../stores/calendar-credentials';
import { BEGIN_OPTIONS, type BeginOptions } from '../../instance/begin-options';
import type { ConnectedStore, Connector, FlowPlace } from '../../instance/connector';
import { AuthorizationError, type NotAuthorizedReason } from '../../errors/errors';
import { id, uuid } from './arguments';
import type { PublicMembers } from './public-members';

/** A connect link, or a started flow. */
interface PendingAuthorization {
  store: ConnectedStore;
  at: FlowPlace | undefined;
  userId: string;
  browser: string | undefined;
  scopes: string[];
  returnTo: string | undefined;
}

/** Stores tokens for a user who has given consent. */
export type Connect = (
  store: ConnectedStore,
  userId: string,
  provider: string,
  scopes: string[],
) => void;

/** Removes tokens; returns whether there were any. */
export type Disconnect = (store: ConnectedStore, userId: string, provider: string) => boolean;

/** The provider of flows that name none. */
const GOOGLE = 'google';

/** Like {@link Connector}; states and links can be used once and do not expire. */
export class FakeConnector implements PublicMembers<Connector> {
  readonly #pending = new Map<string, PendingAuthorization>();
  readonly #open: () => void;
  readonly #connect: Connect;
  readonly #disconnect: Disconnect;

  constructor(open: () => void, connect: Connect, disconnect: Disconnect) {
    this.#open = open;
    this.#connect = connect;
    this.#disconnect = disconnect;
  }

  redirectUri = (): URL => new URL('http://127.0.0.1/auth/google/callback');

  authorizationOrigin = (): string => 'https://accounts.google.com';

  /** Every provider is known. */
  providerPage: Connector['providerPage'] = (provider) => ({
    title: provider,
    authorizationOrigin: this.authorizationOrigin(),
    variables: [],
  });

  providers = (): string[] => [];

  suggestion = (): string => '';

  link: Connector['link'] = async (store, options, at) => this.#add(store, options, at);

  checkLink: Connector['checkLink'] = async (store, link, userId, provider) => {
    this.#checkUser(this.#find(store, link, provider), userId);
  };

  followLink: Connector['followLink'] = async (store, link, browser, userId, provider) => {
    const { at, ...pending } = this.#find(store, link, provider);
    this.#checkUser(pending, userId);
    this.#pending.delete(link);
    const { scopes, returnTo } = pending;
    return this.begin(store, { userId: pending.userId, scopes, returnTo, browser }, at);
  };

  begin: Connector['begin'] = async (store, options, at) => {
    const state = this.#add(store, options, at);
    const url = new URL('/o/oauth2/v2/auth', this.authorizationOrigin());
    url.search = new URLSearchParams({
      client_id: 'fake',
      redirect_uri: at?.redirectUri ?? this.redirectUri().href,
      response_type: 'code',
      scope: this.#pending.get(state)?.scopes.join(' ') ?? '',
      state,
    }).toString();
    return url.href;
  };

  finish: Connector['finish'] = async (store, callback) => {
    const { state, code, error, browser, requiresBrowser, userId, provider } = callback;
    const pending = this.#find(store, state, provider ?? undefined);
    const account = pending.at?.provider.split('#')[1];
    const isBound = pending.browser !== undefined;
    if ((isBound && pending.browser !== browser) || (requiresBrowser && !isBound)) {
      throw refusal('another_browser', account);
    }
    this.#checkUser(pending, userId);
    this.#pending.delete(state);
    if (!code) throw refusal(error === 'access_denied' ? 'denied' : 'server_refused', account);
    this.#connect(store, pending.userId, pending.at?.provider ?? GOOGLE, pending.scopes);
    const { userId: connected, returnTo = null } = pending;
    return { userId: connected, accountChanged: false, returnTo };
  };

  disconnect: Connector['disconnect'] = async (store, userId, provider = GOOGLE) => {
    this.#open();
    return this.#disconnect(store, keyOf(store, userId), provider);
  };

  #add(store: ConnectedStore, options: BeginOptions, at: FlowPlace | undefined): string {
    this.#open();
    const given = optionsOf(options, BEGIN_OPTIONS);
    const name = randomUUID();
    this.#pending.set(name, {
      store,
      at,
      userId: keyOf(store, given.userId),
      browser: optionalText('browser', given.browser),
      scopes: optionalTexts('scopes', given.scopes) ?? [...CALENDAR_SCOPES],
      returnTo: optionalText('returnTo', given.returnTo),
    });
    return name;
  }

  #find(store: ConnectedStore, name: string, provider: string | undefined): PendingAuthorization {
    this.#open();
    const pending = this.#pending.get(name);
    const isHere = pending?.store === store && pending.at?.provider.split('#')[0] === provider;
    if (!isHere) throw refusal('expired');
    return pending;
  }

  #checkUser(
    { store, userId: wanted }: Pick<PendingAuthorization, 'store' | 'userId'>,
    userId: string | undefined,
  ): void {
    if (userId !== undefined && keyOf(store, userId) !== wanted) throw refusal('another_user');
  }
}

/** The user's ID in the form that the store uses. */
function keyOf(store: ConnectedStore, userId: unknown): string {
  return store === 'calendar' ? uuid('userId', userId) : id('userId', userId);
}

function refusal(reason: NotAuthorizedReason, account?: string): AuthorizationError {
  const fields = { reason, ...(account === undefined ? {} : { account }) };
  return Object.assign(new AuthorizationError(`Could not connect: ${reason}`), fields);
}
