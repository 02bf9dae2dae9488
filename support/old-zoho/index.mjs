/** An application's own store of Zoho tokens, without tokenkeep. */

export * as schema from './schema.mjs';
export { createOldZohoService } from './service.mjs';
