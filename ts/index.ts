/** `tokenkeep`: everything. */

export * from './gmail';
export * from './crypto';
export * from './errors';
export { type TokenkeepEvent } from './events';
export { type RefreshFn } from './bridge';
export { type Fetch } from './fetch';
export { type DeadGrant, type DeadGrantMember } from './dead-grant';
export { type CalendarStore } from './calendar-store';
export { type GmailStore } from './gmail-store';
export {
  type ConnectionStatus,
  type IntegrationStore,
  type IntegrationToken,
  type NewIntegrationToken,
  type RefreshExpiringOptions,
  type RefreshExpiringResult,
  type ValidTokenOptions,
} from './integration-store';
export { type VaultStore } from './vault-store';
export { type ZohoStore } from './zoho-store';
export { type MigrateOptions } from './migrations';
export { type ReviveOptions } from './revive';
export { type DatabasePassword } from './database-password';
export { type ProviderSettings, type TokenKeepOptions } from './settings';
export { type RowKey, type SealedStore, type UnsealOptions, openValue, sealValue } from './sealing';
export { withTenant } from './tenant';
export { type TokenKeep, close, createTokenKeep, migrate, revive, unseal } from './instance';
