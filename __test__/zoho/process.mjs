/**
 * A process of an application, configured by its environment alone: its old service, or tokenkeep in
 * its place.
 */
import { createOldZohoService } from '../../support/old-zoho/index.mjs';
import { serve } from '../drop-in/processes/serve.mjs';

const service =
  process.argv[2] === 'old' ? openOld() : (await import('tokenkeep/zoho')).oauthTokenService;

serve(service);

function openOld() {
  const { DATABASE_URL, OLD_ZOHO_TOKEN_URL, ZOHO_REFRESH_TOKEN } = process.env;
  return createOldZohoService({
    databaseUrl: DATABASE_URL,
    tokenUrl: OLD_ZOHO_TOKEN_URL,
    refreshToken: ZOHO_REFRESH_TOKEN,
  });
}
