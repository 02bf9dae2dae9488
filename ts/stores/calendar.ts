/** The calendar store's methods. */

import { optionalDate, optionalScopes, optionalText, record, text } from '../input/arguments';
import { call } from '../bridge/bridge';
import { type ReadRecord, recordReader } from '../bridge/layouts';
import { credentialsOf } from './calendar-credentials';
import type { AuthorizationOptions } from '../instance/begin-options';
import type { Connector } from '../instance/connector';
import { type InstanceHandle, native } from '../bridge/native';

/** A row of `google_calendar_tokens` with decrypted tokens. */
export interface CalendarTokens {
  accessToken: string;
  /** `''`: there is none. */
  refreshToken: string;
  /** `null`: not known; the access token counts as valid. */
  tokenExpiry: Date | null;
  scopes: string[] | null;
}

/** What google-auth-library's `setCredentials` takes. */
export interface CalendarCredentials {
  access_token: string;
  refresh_token?: string;
  /** In milliseconds since 1970. */
  expiry_date?: number;
  /** The requested scopes, if the row has none. */
  scope: string;
  token_type: 'Bearer';
}

const readTokens = recordReader<CalendarTokens>(
  'CalendarTokens',
  ({ accessToken, refreshToken, tokenExpiry, scopes }, size) =>
    (fields, at) => {
      const expiry = fields[at + tokenExpiry] as number | null;
      const count = fields[at + scopes] as number | null;
      const first = at + size;
      return {
        accessToken: fields[at + accessToken] as string,
        refreshToken: fields[at + refreshToken] as string,
        tokenExpiry: expiry === null ? null : new Date(expiry),
        scopes: count === null ? null : (fields.slice(first, first + count) as string[]),
      };
    },
);

const readCredentials: ReadRecord<CalendarCredentials> = (fields, at) =>
  credentialsOf(readTokens(fields, at));

/** What {@link CalendarStore.exchangeCodeForTokens} checks. */
export interface ExchangeOptions {
  /** The parameter `state` of the callback. */
  state: string;
  /** This browser's value of the option `browser` of {@link CalendarStore.getAuthUrl}. */
  browser?: string | undefined;
  /** The parameter `iss` of the callback, if it has one (RFC 9207). */
  iss?: string | undefined;
}

/** The calendar store of an instance. */
export class CalendarStore {
  readonly #instance: () => InstanceHandle;
  readonly #connector: Connector;

  /** @internal */
  constructor(instance: () => InstanceHandle, connector: Connector) {
    this.#instance = instance;
    this.#connector = connector;
    // So that `const { getCredentialsForUser } = keep.calendar` works.
    this.saveCalendarTokens = this.saveCalendarTokens.bind(this);
    this.getCalendarTokens = this.getCalendarTokens.bind(this);
    this.deleteCalendarTokens = this.deleteCalendarTokens.bind(this);
    this.getCredentialsForUser = this.getCredentialsForUser.bind(this);
    this.getAuthUrl = this.getAuthUrl.bind(this);
    this.exchangeCodeForTokens = this.exchangeCodeForTokens.bind(this);
    this.disconnect = this.disconnect.bind(this);
  }

  /** Stores a user's tokens, sealed; replaces stored ones, also during a refresh. */
  saveCalendarTokens(
    userId: string,
    accessToken: string,
    refreshToken: string,
    tokenExpiry: Date | null,
    scopes: string[] | null,
  ): Promise<void> {
    return call((id) =>
      native.saveCalendarTokens(
        this.#instance(),
        id,
        text('userId', userId),
        text('accessToken', accessToken),
        text('refreshToken', refreshToken),
        optionalDate('tokenExpiry', tokenExpiry) ?? undefined,
        optionalScopes('scopes', scopes),
      ),
    );
  }

  /** The stored tokens, also expired ones; `null` if there are none. */
  getCalendarTokens(userId: string): Promise<CalendarTokens | null> {
    return call(
      (id) => native.getCalendarTokens(this.#instance(), id, text('userId', userId)),
      readTokens,
    );
  }

  /** Deletes the stored tokens, if there are any; never calls Google. */
  deleteCalendarTokens(userId: string): Promise<void> {
    return call((id) => native.deleteCalendarTokens(this.#instance(), id, text('userId', userId)));
  }

  /**
   * Credentials with at least five minutes left, refreshed if needed, once across all processes; `null` if the
   * user is not connected.
   * @throws {TokenRevokedError} if Google says `invalid_grant`; the row is deleted
   */
  getCredentialsForUser(userId: string): Promise<CalendarCredentials | null> {
    return call(
      (id) => native.getCalendarCredentials(this.#instance(), id, text('userId', userId)),
      readCredentials,
    );
  }

  /**
   * The URL of Google's consent screen for this user: code flow with PKCE (RFC 7636). Its state is valid once,
   * for ten minutes. Google redirects the browser to `GOOGLE_OAUTH_REDIRECT_URI`.
   */
  async getAuthUrl(options: AuthorizationOptions): Promise<string> {
    return this.#connector.begin('calendar', options);
  }

  /**
   * Exchanges the code of the callback and stores the tokens. Without a new refresh token the stored one is
   * kept. If the account is another than before, the event `account.changed` is published.
   * @throws {AuthorizationError} if nothing was stored; `reason` says why
   */
  async exchangeCodeForTokens(
    userId: string,
    code: string,
    options: ExchangeOptions,
  ): Promise<void> {
    const { state, browser, iss } = record('options', options) as Partial<ExchangeOptions>;
    const callback = {
      userId: text('userId', userId),
      code: text('code', code),
      state: text('options.state', state),
    };
    const [from, issuer] = [optionalText('browser', browser), optionalText('iss', iss)];
    await this.#connector.finish('calendar', {
      ...callback,
      ...(from === undefined ? {} : { browser: from }),
      ...(issuer === undefined ? {} : { issuer }),
    });
  }

  /**
   * Deletes the stored tokens, then has Google revoke them (RFC 7009); returns whether there were any. If
   * Google does not confirm, the event `revoke.unconfirmed` is published.
   */
  async disconnect(userId: string): Promise<boolean> {
    return this.#connector.disconnect('calendar', userId);
  }
}
