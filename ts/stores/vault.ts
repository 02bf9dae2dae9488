/** The vault store's methods. */

import {
  number,
  optionalDate,
  optionalFunction,
  optionalText,
  optionsOf,
  record,
  text,
} from '../input/arguments';
import { type RefreshFn, call, keepRefreshFn } from '../bridge/bridge';
import { listOf, recordReader } from '../bridge/layouts';
import { type InstanceHandle, native } from '../bridge/native';

/** Whose tokens: the values of the enum `token_provider` as the migration makes it. */
export type TokenProvider =
  'whatsapp' | 'google' | 'voicenter' | 'greeninvoice' | 'icount' | 'clerk';

/** What a token is: the values of the enum `token_type` as the migration makes it. */
export type TokenType = 'access_token' | 'refresh_token' | 'api_key' | 'webhook_secret';

/** Any value of an enum that an application may have extended; editors complete the usual ones. */
type Open<Usual extends string> = Usual | (string & {});

/**
 * The type of a value in a row that was requested by this value. For a usual value it is the union of the
 * usual ones, so that one variable can hold tokens of several providers; otherwise the given type.
 */
type Stored<Given extends string, Usual extends string> = [Given] extends [Usual] ? Usual : Given;

/** A token to store. */
export interface TokenData {
  /** At most 64 KiB. */
  value: string;
  /** When it expires. If left out, a stored token keeps its expiry, and a new one does not expire. */
  expiresAt?: Date | null | undefined;
  /** Which of a tenant's accounts, at most 255 characters; `''`: none. */
  identifier?: string | undefined;
}

/** A row of `token_vault` with a decrypted value. */
export interface DecryptedToken<
  Provider extends string = TokenProvider,
  Type extends string = TokenType,
> {
  id: string;
  tenantId: string;
  provider: Provider;
  tokenType: Type;
  value: string;
  identifier: string | null;
  expiresAt: Date | null;
  /** `'true'`, `'false'` or `'unknown'`. */
  isValid: string;
  /** When it was last used before this call. */
  lastUsedAt: Date | null;
}

/** The row that an instance returns for a provider and a token type. */
type TokenOf<Provider extends string, Type extends string> = DecryptedToken<
  Stored<Provider, TokenProvider>,
  Stored<Type, TokenType>
>;

/** An access token, and whether it should be refreshed. */
export interface AccessToken<
  Provider extends string = TokenProvider,
  Type extends string = TokenType,
> {
  token: DecryptedToken<Provider, Type>;
  needsRefresh: boolean;
}

/** An access token that expires soon. */
export interface ExpiringToken {
  tenantId: string;
  provider: string;
  tokenType: string;
  identifier: string | null;
}

/** Whether and how `getAccessToken` refreshes. */
export interface RefreshOptions {
  /** Refresh a token that is missing, invalid, expired or about to expire. */
  refresh?: boolean | undefined;
  /** Refreshes instead of the provider's token endpoint. */
  refreshFn?: RefreshFn | undefined;
}

const DEFAULT_BUFFER_MINUTES = 5;

const dateOrNull = (field: unknown): Date | null =>
  field === null ? null : new Date(field as number);

const readToken = recordReader<DecryptedToken<string, string>>(
  'VaultToken',
  ({ id, tenantId, provider, tokenType, value, identifier, expiresAt, isValid, lastUsedAt }) =>
    (fields, at) => ({
      id: fields[at + id] as string,
      tenantId: fields[at + tenantId] as string,
      provider: fields[at + provider] as string,
      tokenType: fields[at + tokenType] as string,
      value: fields[at + value] as string,
      identifier: fields[at + identifier] as string | null,
      expiresAt: dateOrNull(fields[at + expiresAt]),
      isValid: fields[at + isValid] as string,
      lastUsedAt: dateOrNull(fields[at + lastUsedAt]),
    }),
);

const readAccessToken = recordReader<AccessToken<string, string>>(
  'VaultAccessToken',
  ({ needsRefresh, token }, size) => {
    // The number of nested tokens, which is one.
    void token;
    return (fields, at) => ({
      token: readToken(fields, at + size),
      needsRefresh: fields[at + needsRefresh] as boolean,
    });
  },
);

const readExpiring = recordReader<ExpiringToken>(
  'ExpiringVaultToken',
  ({ tenantId, provider, tokenType, identifier }) =>
    (fields, at) => ({
      tenantId: fields[at + tenantId] as string,
      provider: fields[at + provider] as string,
      tokenType: fields[at + tokenType] as string,
      identifier: fields[at + identifier] as string | null,
    }),
);

const readAllExpiring = recordReader<ExpiringToken[], 'tokens'>(
  'ExpiringVaultTokens',
  ({ tokens }, size) =>
    (fields, at) =>
      listOf(readExpiring, fields[at + tokens] as number, fields, at + size),
);

/** The vault store of an instance. */
export class VaultStore {
  readonly #instance: () => InstanceHandle;

  /** @internal */
  constructor(instance: () => InstanceHandle) {
    this.#instance = instance;
    // So that `const { getToken } = keep.vault` works.
    this.storeToken = this.storeToken.bind(this);
    this.getToken = this.getToken.bind(this);
    this.getAccessToken = this.getAccessToken.bind(this);
    this.getRefreshToken = this.getRefreshToken.bind(this);
    this.markTokenInvalid = this.markTokenInvalid.bind(this);
    this.deleteToken = this.deleteToken.bind(this);
    this.deleteProviderTokens = this.deleteProviderTokens.bind(this);
    this.findExpiringTokens = this.findExpiringTokens.bind(this);
  }

  /** Stores a token, sealed; replaces the one under the same key. Returns the row's id. */
  storeToken(
    tenantId: string,
    provider: Open<TokenProvider>,
    tokenType: Open<TokenType>,
    data: TokenData,
  ): Promise<string> {
    return call((id) => {
      const given = record('data', data);
      const expiresAt = optionalDate('expiresAt', given['expiresAt']);
      native.storeVaultToken(
        this.#instance(),
        id,
        text('tenantId', tenantId),
        text('provider', provider),
        text('tokenType', tokenType),
        optionalText('identifier', given['identifier']),
        text('value', given['value']),
        expiresAt !== undefined,
        expiresAt ?? undefined,
      );
    });
  }

  /** The token, also an expired or invalid one; `null` if there is none. Records that it was used. */
  getToken<Provider extends Open<TokenProvider>, Type extends Open<TokenType>>(
    tenantId: string,
    provider: Provider,
    tokenType: Type,
    identifier?: string,
  ): Promise<TokenOf<Provider, Type> | null> {
    return call(
      (id) =>
        native.getVaultToken(
          this.#instance(),
          id,
          text('tenantId', tenantId),
          text('provider', provider),
          text('tokenType', tokenType),
          optionalText('identifier', identifier),
        ),
      readToken,
    );
  }

  /**
   * The access token; `null` if there is none, or it is invalid or expired. With `refresh` it is refreshed
   * once across all processes if less than the buffer is left: at google with `GOOGLE_CLIENT_ID` and
   * `GOOGLE_CLIENT_SECRET`, at others as the option `providers` describes, or by `refreshFn`. Then `null` means
   * that there is no connection.
   * @throws {TokenRevokedError} with `refresh`, if the provider says `invalid_grant`
   */
  getAccessToken<Provider extends Open<TokenProvider>>(
    tenantId: string,
    provider: Provider,
    identifier?: string,
    refreshBufferMinutes: number = DEFAULT_BUFFER_MINUTES,
    options: RefreshOptions = {},
  ): Promise<AccessToken<Stored<Provider, TokenProvider>> | null> {
    return call((id) => {
      const tenant = text('tenantId', tenantId);
      const name = text('provider', provider);
      const account = optionalText('identifier', identifier);
      const buffer = number('refreshBufferMinutes', refreshBufferMinutes);
      const { refresh, refreshFn } = optionsOf(options, ['refresh', 'refreshFn']);
      const callback = optionalFunction('refreshFn', refreshFn);
      const wanted = [this.#instance(), id, tenant, name, account, buffer] as const;
      if (refresh) native.getRefreshedVaultToken(...wanted, callback && keepRefreshFn(callback));
      else native.getVaultAccessToken(...wanted);
    }, readAccessToken);
  }

  /** The refresh token; `null` if there is none. */
  getRefreshToken<Provider extends Open<TokenProvider>>(
    tenantId: string,
    provider: Provider,
    identifier?: string,
  ): Promise<TokenOf<Provider, 'refresh_token'> | null> {
    return this.getToken(tenantId, provider, 'refresh_token', identifier);
  }

  /** Marks a token as invalid. An invalid refresh token ends its connection. */
  markTokenInvalid(tokenId: string, error: string): Promise<void> {
    return call((id) =>
      native.markVaultTokenInvalid(
        this.#instance(),
        id,
        text('tokenId', tokenId),
        text('error', error),
      ),
    );
  }

  /** Deletes a token, if there is one. */
  deleteToken(tokenId: string): Promise<void> {
    return call((id) => native.deleteVaultToken(this.#instance(), id, text('tokenId', tokenId)));
  }

  /** Deletes all tokens of a tenant at a provider. */
  deleteProviderTokens(tenantId: string, provider: Open<TokenProvider>): Promise<void> {
    return call((id) =>
      native.deleteVaultProviderTokens(
        this.#instance(),
        id,
        text('tenantId', tenantId),
        text('provider', provider),
      ),
    );
  }

  /** The valid access tokens that expire within so many minutes, or have expired. */
  findExpiringTokens(
    withinMinutes: number,
    provider?: Open<TokenProvider>,
  ): Promise<ExpiringToken[]> {
    return call((id) => {
      const minutes = number('withinMinutes', withinMinutes);
      const name = optionalText('provider', provider);
      native.findExpiringVaultTokens(this.#instance(), id, minutes, name);
    }, readAllExpiring);
  }
}
