/** An application's own token vault, without tokenkeep. */

export { createCrypto } from './crypto.mjs';
export * as schema from './schema.mjs';
export { createOldVaultService } from './service.mjs';
