/** `tokenkeep/effect3`: the integration store and Google's tokens as services of Effect 3.10 and later. */

import './effect-version.js';
export { type GoogleAuthClientService, type NoValidToken } from '../effect-shared/google-auth.js';
export {
  GoogleApiError,
  GoogleAuthenticationError,
  GoogleRateLimitError,
  GoogleScopeExpansionRequiredError,
  GoogleTokenExpiredError,
  GoogleTokenRefreshError,
} from '../effect-shared/google-errors.js';
export { GoogleOAuthToken } from '../effect-shared/google-oauth-token.js';
export { CalendarScopes, DriveScopes, GmailScopes } from '../effect-shared/google-scopes.js';
export { type LayerOptions, type LayerProviderSettings } from '../effect-shared/options.js';
export { type StoredToken } from '../effect-shared/stored-token.js';
export {
  TokenRefreshError,
  type TokenRefreshReason,
} from '../effect-shared/token-refresh-error.js';
export { type IntegrationTokenStoreService } from '../effect-shared/token-store.js';
export { withCurrentTenant, withCurrentUser } from './current-user.js';
export { GoogleAuthClient, GoogleAuthClientLive } from './google-auth-client.js';
export {
  IntegrationTokenStore,
  IntegrationTokenStoreLive,
  layer,
  layerConfig,
} from './integration-token-store.js';
