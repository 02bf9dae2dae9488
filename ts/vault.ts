/** `tokenkeep/vault`: exactly the names of a hand-written service, on the default instance. */

import { defaultInstance } from './instance/instance';
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
 * Tokens of any type, sealed in `token_vault`. An application with more values in its enums says so:
 * `new TokenVaultService<TokenVaultEntry['provider'], TokenVaultEntry['tokenType']>()`.
 */
export class TokenVaultService<
  Provider extends string = TokenProvider,
  Type extends string = TokenType,
> {
  /** Stores a token, sealed; replaces the one under the same key. Gives the row's id. */
  async storeToken(
    tenantId: string,
    provider: Provider,
    tokenType: Type,
    data: TokenData,
  ): Promise<string> {
    return defaultInstance().vault.storeToken(tenantId, provider, tokenType, data);
  }

  /** The token, expired and invalid ones too; `null` when there is none. Its use is noted. */
  async getToken(
    tenantId: string,
    provider: Provider,
    tokenType: Type,
    identifier?: string,
  ): Promise<DecryptedToken<Provider, Type> | null> {
    const found = await defaultInstance().vault.getToken(tenantId, provider, tokenType, identifier);
    return found as DecryptedToken<Provider, Type> | null;
  }

  /**
   * The access token; `null` when there is none, or it is invalid or expired. With
   * `{ refresh: true }` it is refreshed once across all processes if less than the buffer is left.
   * @throws {TokenRevokedError} with `refresh`, when the provider says `invalid_grant`
   */
  async getAccessToken(
    tenantId: string,
    provider: Provider,
    identifier?: string,
    refreshBufferMinutes?: number,
    options?: RefreshOptions,
  ): Promise<AccessToken<Provider, Type> | null> {
    const { vault } = defaultInstance();
    const rest = [identifier, refreshBufferMinutes, options] as const;
    const found = await vault.getAccessToken(tenantId, provider, ...rest);
    return found as AccessToken<Provider, Type> | null;
  }

  /** The refresh token; `null` when there is none. */
  async getRefreshToken(
    tenantId: string,
    provider: Provider,
    identifier?: string,
  ): Promise<DecryptedToken<Provider, Type> | null> {
    return this.getToken(tenantId, provider, 'refresh_token' as Type, identifier);
  }

  /** Marks a token as invalid: of a refresh token, the end of its connection. */
  async markTokenInvalid(tokenId: string, error: string): Promise<void> {
    return defaultInstance().vault.markTokenInvalid(tokenId, error);
  }

  /** Deletes a token, if there is one. */
  async deleteToken(tokenId: string): Promise<void> {
    return defaultInstance().vault.deleteToken(tokenId);
  }

  /** Deletes all tokens of a tenant at a provider. */
  async deleteProviderTokens(tenantId: string, provider: Provider): Promise<void> {
    return defaultInstance().vault.deleteProviderTokens(tenantId, provider);
  }

  /** The valid access tokens that expire within so many minutes, or have expired. */
  async findExpiringTokens(withinMinutes: number, provider?: Provider): Promise<ExpiringToken[]> {
    return defaultInstance().vault.findExpiringTokens(withinMinutes, provider);
  }
}

/** The service that an application imports. */
export const tokenVaultService = new TokenVaultService();
