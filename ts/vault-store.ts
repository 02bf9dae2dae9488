/** The vault store's methods, on whichever instance. */

import type { Keep } from '../index';
import { number, optionalDate, optionalFunction, optionalText, record, text } from './arguments';
import { type ReadRecord, type RefreshFn, keepRefreshFn, promised } from './bridge';
import { native } from './native';

/** Whose tokens; any other value of the enum `token_provider` works, too. */
export type TokenProvider =
  'whatsapp' | 'google' | 'voicenter' | 'greeninvoice' | 'icount' | 'clerk' | (string & {});

/** What a token is; any other value of the enum `token_type` works, too. */
export type TokenType =
  'access_token' | 'refresh_token' | 'api_key' | 'webhook_secret' | (string & {});

/** What is stored. */
export interface TokenData {
  /** At most 64 KiB. */
  value: string;
  /** Until when it is valid. Left out, a stored token keeps its own, and a new one is for ever. */
  expiresAt?: Date | null | undefined;
  /** Which of a tenant's accounts, at most 255 characters; `''` is none. */
  identifier?: string | undefined;
}

/** A row of `token_vault` with its value opened. */
export interface DecryptedToken {
  id: string;
  tenantId: string;
  provider: TokenProvider;
  tokenType: TokenType;
  value: string;
  identifier: string | null;
  expiresAt: Date | null;
  /** `'true'`, `'false'` or `'unknown'`. */
  isValid: string;
  /** When it was last used before this. */
  lastUsedAt: Date | null;
}

/** An access token, and whether the caller should have it refreshed. */
export interface AccessToken {
  token: DecryptedToken;
  needsRefresh: boolean;
}

/** An access token that expires soon. */
export interface ExpiringToken {
  tenantId: string;
  provider: string;
  tokenType: string;
  identifier: string | null;
}

/** How `getAccessToken` refreshes by itself. */
export interface RefreshOptions {
  /** Refresh a token that is missing, invalid, expired or about to expire. */
  refresh?: boolean | undefined;
  /** In the place of the provider's token endpoint. */
  refreshFn?: RefreshFn | undefined;
}

const DEFAULT_BUFFER_MINUTES = 5;
const TOKEN_FIELDS = 9;
const EXPIRING_FIELDS = 4;

const dateOrNull = (field: unknown): Date | null =>
  field === null ? null : new Date(field as number);

/** The fields in the order of `src/binding/vault.rs`. */
const readToken: ReadRecord<DecryptedToken> = (fields, at) => ({
  id: fields[at] as string,
  tenantId: fields[at + 1] as string,
  provider: fields[at + 2] as string,
  tokenType: fields[at + 3] as string,
  value: fields[at + 4] as string,
  identifier: fields[at + 5] as string | null,
  expiresAt: dateOrNull(fields[at + 6]),
  isValid: fields[at + 7] as string,
  lastUsedAt: dateOrNull(fields[at + 8]),
});

const readAccessToken: ReadRecord<AccessToken> = (fields, at) => ({
  token: readToken(fields, at),
  needsRefresh: fields[at + TOKEN_FIELDS] as boolean,
});

const readExpiring: ReadRecord<ExpiringToken[]> = (fields, at) => {
  const found: ExpiringToken[] = [];
  const end = at + (fields[at - 1] as number);
  for (; at < end; at += EXPIRING_FIELDS) {
    found.push({
      tenantId: fields[at] as string,
      provider: fields[at + 1] as string,
      tokenType: fields[at + 2] as string,
      identifier: fields[at + 3] as string | null,
    });
  }
  return found;
};

const readId: ReadRecord<string> = (fields, at) => fields[at] as string;

type Identifier = string | undefined;

const store = promised<
  string,
  Keep,
  [string, string, string, Identifier, string, boolean, number | undefined]
>(native.storeVaultToken, readId);
const get = promised<DecryptedToken | null, Keep, [string, string, string, Identifier]>(
  native.getVaultToken,
  readToken,
);
const access = promised<AccessToken | null, Keep, [string, string, Identifier, number]>(
  native.getVaultAccessToken,
  readAccessToken,
);
const refreshed = promised<
  AccessToken | null,
  Keep,
  [string, string, Identifier, number, number | undefined]
>(native.getRefreshedVaultToken, readAccessToken);
const markInvalid = promised<void, Keep, [string, string]>(native.markVaultTokenInvalid);
const remove = promised<void, Keep, [string]>(native.deleteVaultToken);
const removeProvider = promised<void, Keep, [string, string]>(native.deleteVaultProviderTokens);
const expiring = promised<ExpiringToken[], Keep, [number, string | undefined]>(
  native.findExpiringVaultTokens,
  readExpiring,
);

/** The vault store of an instance. */
export class VaultStore {
  readonly #keep: () => Keep;

  /** @internal */
  constructor(keep: () => Keep) {
    this.#keep = keep;
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

  /** Stores a token, sealed; replaces the one under the same key. Gives the row's id. */
  async storeToken(
    tenantId: string,
    provider: TokenProvider,
    tokenType: TokenType,
    data: TokenData,
  ): Promise<string> {
    const given = record('data', data);
    const expiresAt = optionalDate('expiresAt', given['expiresAt']);
    return store(
      this.#keep(),
      text('tenantId', tenantId),
      text('provider', provider),
      text('tokenType', tokenType),
      optionalText('identifier', given['identifier']),
      text('value', given['value']),
      expiresAt !== undefined,
      expiresAt ?? undefined,
    );
  }

  /** The token, expired and invalid ones too; `null` when there is none. Its use is noted. */
  async getToken(
    tenantId: string,
    provider: TokenProvider,
    tokenType: TokenType,
    identifier?: string,
  ): Promise<DecryptedToken | null> {
    return get(
      this.#keep(),
      text('tenantId', tenantId),
      text('provider', provider),
      text('tokenType', tokenType),
      optionalText('identifier', identifier),
    );
  }

  /**
   * The access token; `null` when there is none, or it is invalid or expired. With `refresh` it is
   * refreshed once across all processes if less than the buffer is left of it: at google with
   * `GOOGLE_CLIENT_ID` and `GOOGLE_CLIENT_SECRET`, at others as the option `providers` says, or by
   * `refreshFn`; then `null` means that there is no connection.
   * @throws {TokenRevokedError} with `refresh`, when the provider says `invalid_grant`
   */
  async getAccessToken(
    tenantId: string,
    provider: TokenProvider,
    identifier?: string,
    refreshBufferMinutes: number = DEFAULT_BUFFER_MINUTES,
    options: RefreshOptions = {},
  ): Promise<AccessToken | null> {
    const tenant = text('tenantId', tenantId);
    const name = text('provider', provider);
    const account = optionalText('identifier', identifier);
    const buffer = number('refreshBufferMinutes', refreshBufferMinutes);
    const { refresh, refreshFn } = record('options', options) as RefreshOptions;
    const callback = optionalFunction('refreshFn', refreshFn);
    if (!refresh) return access(this.#keep(), tenant, name, account, buffer);
    const kept = callback && keepRefreshFn(callback);
    return refreshed(this.#keep(), tenant, name, account, buffer, kept);
  }

  /** The refresh token; `null` when there is none. */
  async getRefreshToken(
    tenantId: string,
    provider: TokenProvider,
    identifier?: string,
  ): Promise<DecryptedToken | null> {
    return this.getToken(tenantId, provider, 'refresh_token', identifier);
  }

  /** Marks a token as invalid: of a refresh token, the end of its connection. */
  async markTokenInvalid(tokenId: string, error: string): Promise<void> {
    return markInvalid(this.#keep(), text('tokenId', tokenId), text('error', error));
  }

  /** Deletes a token, if there is one. */
  async deleteToken(tokenId: string): Promise<void> {
    return remove(this.#keep(), text('tokenId', tokenId));
  }

  /** Deletes all tokens of a tenant at a provider. */
  async deleteProviderTokens(tenantId: string, provider: TokenProvider): Promise<void> {
    return removeProvider(this.#keep(), text('tenantId', tenantId), text('provider', provider));
  }

  /** The valid access tokens that expire within so many minutes, or have expired. */
  async findExpiringTokens(
    withinMinutes: number,
    provider?: TokenProvider,
  ): Promise<ExpiringToken[]> {
    const minutes = number('withinMinutes', withinMinutes);
    return expiring(this.#keep(), minutes, optionalText('provider', provider));
  }
}
