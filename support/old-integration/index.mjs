/** An application's own store of integration tokens, as it was written before tokenkeep. */

export * as schema from './schema.mjs';
export { createOldIntegrationService } from './service.mjs';
