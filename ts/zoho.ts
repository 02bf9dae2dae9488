/** `tokenkeep/zoho`: the zoho store of the default instance, as a service object. */

import { onDefault } from './instance/instance';
import type { ZohoCredentials, ZohoProvider, ZohoTokens } from './stores/zoho';

export type { ZohoCredentials, ZohoProvider, ZohoTokens } from './stores/zoho';

/** Zoho's tokens of the application's clients, in `oauth_tokens`. */
export class OAuthTokenService {
  /**
   * Returns an access token that is valid for at least five minutes, refreshed once across all processes if
   * necessary; only a refresh needs the credentials. For a client without a row, or with a revoked grant,
   * `ZOHO_REFRESH_TOKEN` is used.
   * @throws {NotConnectedError} if nothing is stored
   * @throws {TokenRevokedError} if Zoho returns `invalid_code`; the row records since when
   */
  getAccessToken(
    clientId: string,
    provider: ZohoProvider,
    credentials: ZohoCredentials,
  ): Promise<string> {
    return onDefault(({ zoho }) => zoho.getAccessToken(clientId, provider, credentials));
  }

  /** Stores tokens, sealed. Replaces stored tokens, even during a refresh. */
  storeTokens(clientId: string, provider: ZohoProvider, tokens: ZohoTokens): Promise<void> {
    return onDefault(({ zoho }) => zoho.storeTokens(clientId, provider, tokens));
  }

  /** Returns whether tokens are stored or `ZOHO_REFRESH_TOKEN` is set. Does not open them. */
  hasToken(clientId: string, provider: ZohoProvider): Promise<boolean> {
    return onDefault(({ zoho }) => zoho.hasToken(clientId, provider));
  }
}

/** The service for applications to import. */
export const oauthTokenService = new OAuthTokenService();
