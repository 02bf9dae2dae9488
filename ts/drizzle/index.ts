/** `tokenkeep/drizzle`: table declarations for drizzle-orm. */

export {
  type GmailToken,
  type GmailTokens,
  type GmailTokensOptions,
  type NewGmailToken,
  gmailTokensTable,
} from './gmail-tokens.js';
export {
  type GoogleCalendarToken,
  type GoogleCalendarTokens,
  type GoogleCalendarTokensOptions,
  type NewGoogleCalendarToken,
  googleCalendarTokensTable,
} from './google-calendar-tokens.js';
export {
  type IntegrationTokenRow,
  type IntegrationTokens,
  type IntegrationTokensOptions,
  type IntegrationTokensWith,
  type NewIntegrationTokenRow,
  integrationTokensTable,
} from './integration-tokens.js';
export {
  type NewOAuthToken,
  type OAuthToken,
  type OAuthTokens,
  type OAuthTokensOptions,
  oauthTokensTable,
} from './oauth-tokens.js';
export { tokenProviderEnum, tokenTypeEnum } from './token-enums.js';
export {
  type NewTokenVaultEntry,
  type TokenVault,
  type TokenVaultEntry,
  type TokenVaultOptions,
  tokenVaultTable,
} from './token-vault.js';
