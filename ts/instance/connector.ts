/** How users connect to an instance: the calls behind the calendar store and `tokenkeep/http`. */

import type { AuthorizationResponseFields, Instance } from '../../index';
import { optionalText, optionalTexts, record, text } from '../input/arguments';
import { type ReadRecord, promised } from '../bridge/bridge';
import { CALENDAR_SCOPES } from '../stores/calendar-credentials';
import { ConfigurationError } from '../errors/errors';
import { bare } from '../input/fields';
import { native } from '../bridge/native';
import { type TokenKeepOptions, textOption } from '../settings/settings';
import type { StoresThat } from '../stores/registry';

/** Who is to be connected, how. */
export interface AuthorizationOptions {
  /** The user, as the application knows it. */
  userId: string;
  /**
   * What the application keeps in the user's browser, such as a session's id: the flow ends only
   * there. Without it only the user is compared.
   */
  browser?: string | undefined;
  /** What the application wants to be allowed: `calendar.events`. */
  scopes?: string[] | undefined;
}

/** The stores that users connect to. */
export type ConnectedStore = StoresThat<'connects'>;

/** What a connect link, or the beginning of a flow, is told. */
export interface BeginOptions extends AuthorizationOptions {
  /** Where the browser goes at last. */
  returnTo?: string | undefined;
}

/** A user who is connected. */
export interface Connected {
  userId: string;
  /** Whether it is another account than before, where the provider tells accounts apart. */
  accountChanged: boolean;
  /** Where the application wants the browser to go. */
  returnTo: string | null;
}

/** The origin of the core's own authorization endpoint. */
const GOOGLE_ORIGIN = 'https://accounts.google.com';

const readText: ReadRecord<string> = (fields, at) => fields[at] as string;

const readConnected: ReadRecord<Connected> = (fields, at) => ({
  userId: fields[at] as string,
  accountChanged: fields[at + 1] as boolean,
  returnTo: fields[at + 2] as string | null,
});

type Optional = string | undefined;

const makeConnectLink = promised<string, Instance, [ConnectedStore, string, string[], Optional]>(
  native.makeConnectLink,
  readText,
);
const checkLink = promised<void, Instance, [ConnectedStore, string, Optional]>(
  native.checkConnectLink,
);
const followLink = promised<string, Instance, [ConnectedStore, string, Optional, string]>(
  native.followConnectLink,
  readText,
);
const begin = promised<string, Instance, [ConnectedStore, string, Optional, string[], Optional]>(
  native.beginAuthorization,
  readText,
);
const finish = promised<Connected, Instance, [ConnectedStore, AuthorizationResponseFields]>(
  native.finishAuthorization,
  readConnected,
);
const disconnect = promised<boolean, Instance, [ConnectedStore, string]>(native.disconnect);

/** The way in and out of an instance. */
export class Connector {
  readonly #instance: () => Instance;
  readonly #options: TokenKeepOptions;

  constructor(instance: () => Instance, options: TokenKeepOptions) {
    this.#instance = instance;
    this.#options = options;
  }

  /** Where Google sends users back to: all links begin at its origin. */
  redirectUri(): URL {
    const given = textOption(this.#options, 'googleOauthRedirectUri');
    if (given && URL.canParse(given)) return new URL(given);
    throw new ConfigurationError(
      `GOOGLE_OAUTH_REDIRECT_URI: ${given ? 'is no URL' : 'is not set'}. It is needed to connect users, exactly as it is registered with Google`,
    );
  }

  /** Where the consent screen is: forms may lead there. */
  authorizationOrigin(): string {
    const given = textOption(this.#options, 'googleAuthorizationUrl');
    return given && URL.canParse(given) ? new URL(given).origin : GOOGLE_ORIGIN;
  }

  /** A connect link: whoever has it can connect an account to this user, once, within a day. */
  async link(store: ConnectedStore, options: BeginOptions): Promise<string> {
    const { userId, scopes, returnTo } = record('options', options) as unknown as BeginOptions;
    return makeConnectLink(
      this.#instance(),
      store,
      text('userId', userId),
      scopesOf(scopes),
      returnTo,
    );
  }

  /** Rejects a connect link that would not be taken; does not use it up. */
  async checkLink(store: ConnectedStore, link: string, userId?: string): Promise<void> {
    return checkLink(this.#instance(), store, link, userId);
  }

  /** Uses a connect link up, in this browser; gives where to send it. */
  async followLink(
    store: ConnectedStore,
    link: string,
    browser: string,
    userId?: string,
  ): Promise<string> {
    return followLink(this.#instance(), store, link, userId, browser);
  }

  /** Begins a flow; gives where to send the browser. */
  async begin(store: ConnectedStore, options: BeginOptions): Promise<string> {
    const { userId, browser, scopes, returnTo } = record(
      'options',
      options,
    ) as Partial<BeginOptions>;
    return begin(
      this.#instance(),
      store,
      text('userId', userId),
      optionalText('browser', browser),
      scopesOf(scopes),
      optionalText('returnTo', returnTo),
    );
  }

  /** Ends a flow with what the browser came back with. */
  async finish(store: ConnectedStore, callback: AuthorizationResponseFields): Promise<Connected> {
    return finish(this.#instance(), store, bare(callback));
  }

  /** Deletes a user's tokens, then has the provider revoke them; gives whether there were any. */
  async disconnect(store: ConnectedStore, userId: string): Promise<boolean> {
    return disconnect(this.#instance(), store, text('userId', userId));
  }
}

function scopesOf(scopes: string[] | undefined): string[] {
  return optionalTexts('scopes', scopes) ?? [...CALENDAR_SCOPES];
}
