/** An application's own Gmail token store, as it was written before tokenkeep. */

export { createCrypto } from './crypto.mjs';
export { migrate } from './migrate.mjs';
export * as schema from './schema.mjs';
export {
  GmailNotConnectedError,
  GmailTokenRevokedError,
  createOldGmailService,
} from './service.mjs';
