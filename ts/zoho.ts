/** `tokenkeep/zoho`: exactly the names of a hand-written service, on the default instance. */

import { defaultInstance } from './instance/instance';
import type { ZohoCredentials, ZohoProvider, ZohoTokens } from './stores/zoho';

export type { ZohoCredentials, ZohoProvider, ZohoTokens } from './stores/zoho';

/** Zoho's tokens of the application's clients, in `oauth_tokens`. */
export class OAuthTokenService {
  /**
   * An access token with at least five minutes left, refreshed once across all processes if need
   * be; only that needs the credentials. A client without a row, or with a dead grant, begins with
   * `ZOHO_REFRESH_TOKEN`.
   * @throws {NotConnectedError} when nothing is stored
   * @throws {TokenRevokedError} when Zoho says `invalid_code`; the row says since when
   */
  async getAccessToken(
    clientId: string,
    provider: ZohoProvider,
    credentials: ZohoCredentials,
  ): Promise<string> {
    return defaultInstance().zoho.getAccessToken(clientId, provider, credentials);
  }

  /** Stores tokens, sealed; replaces what was stored, also while a refresh is under way. */
  async storeTokens(clientId: string, provider: ZohoProvider, tokens: ZohoTokens): Promise<void> {
    return defaultInstance().zoho.storeTokens(clientId, provider, tokens);
  }

  /** Whether tokens are stored, or `ZOHO_REFRESH_TOKEN` is set; opens nothing. */
  async hasToken(clientId: string, provider: ZohoProvider): Promise<boolean> {
    return defaultInstance().zoho.hasToken(clientId, provider);
  }
}

/** The service that an application imports. */
export const oauthTokenService = new OAuthTokenService();
