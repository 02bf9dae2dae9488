/** `tokenkeep`: gmail and crypto as plain functions, instances of all stores, errors, settings. */

export * from './gmail';
export * from './crypto';
export * from './errors/errors';
export { type TokenkeepEvent } from './bridge/events';
export { type RefreshFn } from './bridge/bridge';
export { type Fetch } from './bridge/fetch';
export {
  type ClientAuthentication,
  type ErrorMeaning,
  type ErrorRule,
  type ProviderDescription,
  type RevocationForm,
  type Rotation,
  type UrlVariable,
} from './settings/provider-description';
export { type CalendarStore } from './stores/calendar';
export { type GmailStore } from './stores/gmail';
export {
  type ConnectionStatus,
  type IntegrationStore,
  type IntegrationToken,
  type NewIntegrationToken,
  type RefreshExpiringOptions,
  type RefreshExpiringResult,
  type StoreTokenResponseOptions,
  type ValidTokenOptions,
} from './stores/integration';
export { type VaultStore } from './stores/vault';
export { type ZohoStore } from './stores/zoho';
export { type MigrateOptions } from './instance/migrations';
export { type ReviveOptions } from './instance/revive';
export { type SealingProgress, type SealingRunOptions } from './instance/resealing';
export { type KeyUse, type RetiredKey } from './instance/retire';
export { type RotatedStore } from './instance/rotated-store';
export { type RotateOptions, type RotateResult, type SealOptions } from './instance/rotation';
export { type DatabasePassword } from './bridge/database-password';
export {
  type ProviderSettings,
  type SigningAlgorithm,
  type TokenKeepOptions,
} from './settings/options';
export {
  type RowKey,
  type SealedStore,
  type UnsealOptions,
  openValue,
  sealValue,
} from './instance/sealing';
export { withTenant } from './instance/tenant';
export {
  type TokenKeep,
  close,
  createTokenKeep,
  migrate,
  revive,
  rotate,
  seal,
  unseal,
} from './instance/instance';
