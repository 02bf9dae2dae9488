/** `tokenkeep/vault`: the vault store of the default instance, as a service object. */

import { onDefault } from './instance/instance';
import type {
  AccessToken,
  DecryptedToken,
  ExpiringToken,
  RefreshOptions,
  TokenData,
  TokenProvider,
  TokenType,
} from './stores/vault';

export type {
  AccessToken,
  DecryptedToken,
  ExpiringToken,
  RefreshOptions,
  TokenData,
  TokenProvider,
  TokenType,
} from './stores/vault';
export { decrypt, encrypt, generateEncryptionSecret } from './stores/vault-crypto';

/**
 * Tokens of any type, sealed in `token_vault`. For an application with more values in its enums:
 * `new TokenVaultService<TokenVaultEntry['provider'], TokenVaultEntry['tokenType']>()`.
 */
export class TokenVaultService<
  Provider extends string = TokenProvider,
  Type extends string = TokenType,
> {
  /** Stores a token, sealed. Replaces the one with the same key. Returns the row's ID. */
  storeToken(
    tenantId: string,
    provider: Provider,
    tokenType: Type,
    data: TokenData,
  ): Promise<string> {
    return onDefault(({ vault }) => vault.storeToken(tenantId, provider, tokenType, data));
  }

  /** Returns the token, expired or invalid or not; `null` if there is none. Updates `last_used_at`. */
  getToken(
    tenantId: string,
    provider: Provider,
    tokenType: Type,
    identifier?: string,
  ): Promise<DecryptedToken<Provider, Type> | null> {
    const found = onDefault(({ vault }) =>
      vault.getToken(tenantId, provider, tokenType, identifier),
    );
    return found as Promise<DecryptedToken<Provider, Type> | null>;
  }

  /**
   * Returns the access token; `null` if there is none, or if it is invalid or expired. With
   * `{ refresh: true }`, it is refreshed once across all processes if it expires within the buffer.
   * @throws {TokenRevokedError} with `refresh`, if the provider returns `invalid_grant`
   */
  getAccessToken(
    tenantId: string,
    provider: Provider,
    identifier?: string,
    refreshBufferMinutes?: number,
    options?: RefreshOptions,
  ): Promise<AccessToken<Provider, Type> | null> {
    const rest = [identifier, refreshBufferMinutes, options] as const;
    const found = onDefault(({ vault }) => vault.getAccessToken(tenantId, provider, ...rest));
    return found as Promise<AccessToken<Provider, Type> | null>;
  }

  /** Returns the refresh token; `null` if there is none. */
  getRefreshToken(
    tenantId: string,
    provider: Provider,
    identifier?: string,
  ): Promise<DecryptedToken<Provider, Type> | null> {
    return this.getToken(tenantId, provider, 'refresh_token' as Type, identifier);
  }

  /** Marks a token as invalid. A connection with an invalid refresh token counts as disconnected. */
  markTokenInvalid(tokenId: string, error: string): Promise<void> {
    return onDefault(({ vault }) => vault.markTokenInvalid(tokenId, error));
  }

  /** Deletes a token, if it exists. */
  deleteToken(tokenId: string): Promise<void> {
    return onDefault(({ vault }) => vault.deleteToken(tokenId));
  }

  /** Deletes all tokens of a tenant at a provider. */
  deleteProviderTokens(tenantId: string, provider: Provider): Promise<void> {
    return onDefault(({ vault }) => vault.deleteProviderTokens(tenantId, provider));
  }

  /** Returns the valid access tokens that expire within `withinMinutes`, or have expired. */
  findExpiringTokens(withinMinutes: number, provider?: Provider): Promise<ExpiringToken[]> {
    return onDefault(({ vault }) => vault.findExpiringTokens(withinMinutes, provider));
  }
}

/** The service for applications to import. */
export const tokenVaultService = new TokenVaultService();
