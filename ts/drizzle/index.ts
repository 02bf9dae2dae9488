/** `tokenkeep/drizzle`: the tables as drizzle-orm declares them. */

export {
  type GmailToken,
  type GmailTokensOptions,
  type NewGmailToken,
  gmailTokensTable,
} from './gmail-tokens.js';
export { gmailTokensRelations } from './gmail-tokens-relations.js';
export {
  type GoogleCalendarToken,
  type GoogleCalendarTokensOptions,
  type NewGoogleCalendarToken,
  googleCalendarTokensTable,
} from './google-calendar-tokens.js';
export {
  type IntegrationTokenRow,
  type IntegrationTokensOptions,
  type NewIntegrationTokenRow,
  integrationTokensTable,
} from './integration-tokens.js';
export { integrationTokensRelations } from './integration-tokens-relations.js';
export {
  type NewOAuthToken,
  type OAuthToken,
  type OAuthTokensOptions,
  oauthTokensTable,
} from './oauth-tokens.js';
export { tokenProviderEnum, tokenTypeEnum } from './token-enums.js';
export {
  type NewTokenVaultEntry,
  type TokenVaultEntry,
  type TokenVaultOptions,
  tokenVaultTable,
} from './token-vault.js';
export { tokenVaultRelations } from './token-vault-relations.js';
