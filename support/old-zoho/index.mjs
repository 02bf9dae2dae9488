/** An application's own store of Zoho tokens, as it was written before tokenkeep. */

export * as schema from './schema.mjs';
export { createOldZohoService } from './service.mjs';
