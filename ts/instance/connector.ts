/** How users connect: the calls behind the calendar store and `tokenkeep/http`. */

import type { AuthorizationResponseFields } from '../../index';
import { optionalText, optionalTexts, optionsOf, text } from '../input/arguments';
import { call } from '../bridge/bridge';
import { recordReader } from '../bridge/layouts';
import { CALENDAR_SCOPES } from '../stores/calendar-credentials';
import { ConfigurationError } from '../errors/errors';
import { withoutPrototype } from '../input/fields';
import { didYouMean } from '../input/nearest';
import { type InstanceHandle, native } from '../bridge/native';
import { BEGIN_OPTIONS, type BeginOptions } from './begin-options';
import type { Settings } from '../settings/settings';
import { type StoresThat, storesThat } from '../stores/registry';

/** The stores that users connect to. */
export type ConnectedStore = StoresThat<'connects'>;
export const CONNECTED_STORES = storesThat('connects');

/** The result of a completed flow. */
export interface Connected {
  userId: string;
  /** Whether the account differs from the one before; false if the provider does not identify accounts. */
  accountChanged: boolean;
  /** The URL to which to redirect the browser. */
  returnTo: string | null;
}

/**
 * The provider of a flow, for a further account followed by `#` and its key, the redirect URI there, and the values of
 * the connection's variables.
 */
export interface FlowPlace {
  provider: string;
  redirectUri: string;
  variables: Readonly<Record<string, string>>;
}

/** What pages say of a provider. */
export interface ProviderPage {
  /** Its name, such as `HubSpot`. */
  title: string;
  /**
   * The origin of the consent screen; absent: each connection has its own, or the provider is not configured
   * correctly.
   */
  authorizationOrigin?: string;
  /** The variables of which each connection has its own value. */
  variables: string[];
}

/** The origin of the default authorization endpoint. */
const GOOGLE_ORIGIN = 'https://accounts.google.com';

const readConnected = recordReader<Connected>(
  'Connected',
  ({ userId, accountChanged, returnTo }) =>
    (fields, at) => ({
      userId: fields[at + userId] as string,
      accountChanged: fields[at + accountChanged] as boolean,
      returnTo: fields[at + returnTo] as string | null,
    }),
);

/** Connects and disconnects users of an instance. */
export class Connector {
  readonly #instance: () => InstanceHandle;
  readonly #settings: Settings;

  constructor(instance: () => InstanceHandle, settings: Settings) {
    this.#instance = instance;
    this.#settings = settings;
  }

  /** The redirect URI; connect links have the same origin. */
  redirectUri(): URL {
    const given = this.#settings.text('googleOauthRedirectUri');
    if (given && URL.canParse(given)) return new URL(given);
    const option = 'GOOGLE_OAUTH_REDIRECT_URI';
    throw new ConfigurationError(
      `${option}: ${given ? 'is not a URL' : 'is not set'}. To connect users, set it to the redirect URI that is registered with Google`,
      { option },
    );
  }

  /** The origin of the consent screen, to which forms may redirect. */
  authorizationOrigin(): string {
    const given = this.#settings.text('googleAuthorizationUrl');
    return given && URL.canParse(given) ? new URL(given).origin : GOOGLE_ORIGIN;
  }

  /** A provider that users can connect to; `null`: it is not described. */
  providerPage(provider: string): ProviderPage | null {
    return native.providerPage(this.#instance(), text('provider', provider)) ?? null;
  }

  /** The names of the providers that users can connect to, sorted. */
  providers(): string[] {
    return native.connectedProviders(this.#instance());
  }

  /** `. Did you mean …?` with the provider that a name was meant to be, or nothing. */
  suggestion(provider: string): string {
    const builtIn = native.builtInProviders();
    return builtIn.includes(provider)
      ? ''
      : didYouMean(provider, [...this.providers(), ...builtIn]);
  }

  /** Creates a connect link: its holder can connect one account to this user within 24 hours. */
  link(store: ConnectedStore, options: BeginOptions, at?: FlowPlace): Promise<string> {
    return call((id) => {
      const { userId, scopes, returnTo } = optionsOf(options, BEGIN_OPTIONS);
      native.makeConnectLink(
        this.#instance(),
        id,
        store,
        text('userId', userId),
        scopesOf(scopes),
        returnTo,
        at && placeOf(at),
      );
    });
  }

  /** Rejects if the connect link is not valid; does not consume it. */
  checkLink(
    store: ConnectedStore,
    link: string,
    userId?: string,
    provider?: string,
  ): Promise<void> {
    return call((id) =>
      native.checkConnectLink(this.#instance(), id, store, link, userId, provider),
    );
  }

  /** Consumes a connect link in this browser; returns the URL to which to redirect it. */
  followLink(
    store: ConnectedStore,
    link: string,
    browser: string,
    userId?: string,
    provider?: string,
  ): Promise<string> {
    return call((id) =>
      native.followConnectLink(this.#instance(), id, store, link, userId, browser, provider),
    );
  }

  /** Starts a flow; returns the URL to which to redirect the browser. */
  begin(store: ConnectedStore, options: BeginOptions, at?: FlowPlace): Promise<string> {
    return call((id) => {
      const { userId, browser, scopes, returnTo } = optionsOf(options, BEGIN_OPTIONS);
      native.beginAuthorization(
        this.#instance(),
        id,
        store,
        text('userId', userId),
        optionalText('browser', browser),
        scopesOf(scopes),
        optionalText('returnTo', returnTo),
        at && placeOf(at),
      );
    });
  }

  /** Completes a flow with the authorization response. */
  finish(store: ConnectedStore, callback: AuthorizationResponseFields): Promise<Connected> {
    return call((id) => {
      native.finishAuthorization(this.#instance(), id, store, withoutPrototype(callback));
    }, readConnected);
  }

  /** Deletes a user's tokens, then revokes them at the provider; returns whether there were any. */
  disconnect(store: ConnectedStore, userId: string, provider?: string): Promise<boolean> {
    return call((id) =>
      native.disconnect(this.#instance(), id, store, text('userId', userId), provider),
    );
  }
}

function placeOf({ variables, ...at }: FlowPlace) {
  return withoutPrototype({ ...at, variables: withoutPrototype({ ...variables }) });
}

function scopesOf(scopes: string[] | undefined): string[] {
  return optionalTexts('scopes', scopes) ?? [...CALENDAR_SCOPES];
}
