/** `tokenkeep`: everything. */

export * from './gmail';
export * from './crypto';
export * from './errors';
export { type TokenkeepEvent } from './events';
export { type RefreshFn } from './bridge';
export { type GmailStore } from './gmail-store';
export { type VaultStore } from './vault-store';
export { type ZohoStore } from './zoho-store';
export { type MigrateOptions } from './migrations';
export { type ProviderSettings, type TokenKeepOptions } from './settings';
export { type TokenKeep, close, createTokenKeep, migrate } from './instance';
