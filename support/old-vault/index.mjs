/** An application's own token vault, as it was written before tokenkeep. */

export { createCrypto } from './crypto.mjs';
export * as schema from './schema.mjs';
export { createOldVaultService } from './service.mjs';
