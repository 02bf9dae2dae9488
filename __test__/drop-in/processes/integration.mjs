/**
 * A process of an application, configured by its environment alone: its old service, or tokenkeep in
 * its place.
 */
import { createOldIntegrationService } from '../../../support/old-integration/index.mjs';
import { serve } from './serve.mjs';

const service = process.argv[2] === 'old' ? openOld() : await import('tokenkeep/integration');

serve(service);

function openOld() {
  const { DATABASE_URL, OLD_GOOGLE_TOKEN_URL } = process.env;
  return createOldIntegrationService({ databaseUrl: DATABASE_URL, tokenUrl: OLD_GOOGLE_TOKEN_URL });
}
