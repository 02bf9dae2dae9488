/** `tokenkeep/vault`: exactly the names of a hand-written service, on the default instance. */

import { defaultKeep } from './instance';
import type {
  AccessToken,
  DecryptedToken,
  ExpiringToken,
  RefreshOptions,
  TokenData,
  TokenProvider,
  TokenType,
} from './vault-store';

export type { DecryptedToken, TokenData } from './vault-store';
export { decrypt, encrypt, generateEncryptionSecret } from './vault-crypto';

/** Tokens of any type, sealed in `token_vault`. */
export class TokenVaultService {
  /** Stores a token, sealed; replaces the one under the same key. Gives the row's id. */
  async storeToken(
    tenantId: string,
    provider: TokenProvider,
    tokenType: TokenType,
    data: TokenData,
  ): Promise<string> {
    return defaultKeep().vault.storeToken(tenantId, provider, tokenType, data);
  }

  /** The token, expired and invalid ones too; `null` when there is none. Its use is noted. */
  async getToken(
    tenantId: string,
    provider: TokenProvider,
    tokenType: TokenType,
    identifier?: string,
  ): Promise<DecryptedToken | null> {
    return defaultKeep().vault.getToken(tenantId, provider, tokenType, identifier);
  }

  /**
   * The access token; `null` when there is none, or it is invalid or expired. With
   * `{ refresh: true }` it is refreshed once across all processes if less than the buffer is left.
   * @throws {TokenRevokedError} with `refresh`, when the provider says `invalid_grant`
   */
  async getAccessToken(
    tenantId: string,
    provider: TokenProvider,
    identifier?: string,
    refreshBufferMinutes?: number,
    options?: RefreshOptions,
  ): Promise<AccessToken | null> {
    const { vault } = defaultKeep();
    return vault.getAccessToken(tenantId, provider, identifier, refreshBufferMinutes, options);
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
    return defaultKeep().vault.markTokenInvalid(tokenId, error);
  }

  /** Deletes a token, if there is one. */
  async deleteToken(tokenId: string): Promise<void> {
    return defaultKeep().vault.deleteToken(tokenId);
  }

  /** Deletes all tokens of a tenant at a provider. */
  async deleteProviderTokens(tenantId: string, provider: TokenProvider): Promise<void> {
    return defaultKeep().vault.deleteProviderTokens(tenantId, provider);
  }

  /** The valid access tokens that expire within so many minutes, or have expired. */
  async findExpiringTokens(
    withinMinutes: number,
    provider?: TokenProvider,
  ): Promise<ExpiringToken[]> {
    return defaultKeep().vault.findExpiringTokens(withinMinutes, provider);
  }
}

/** The service that an application imports. */
export const tokenVaultService = new TokenVaultService();
