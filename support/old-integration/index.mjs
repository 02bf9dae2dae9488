/** An application's own store of integration tokens, without tokenkeep. */

export * as schema from './schema.mjs';
export { createOldIntegrationService } from './service.mjs';
