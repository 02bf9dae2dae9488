/** An application's own Gmail token store, without tokenkeep. */

export { createCrypto } from './crypto.mjs';
export { migrate } from './migrate.mjs';
export * as schema from './schema.mjs';
export {
  GmailNotConnectedError,
  GmailTokenRevokedError,
  createOldGmailService,
} from './service.mjs';
