/**
 * A process of an application, configured by its environment alone: its old program, or tokenkeep in
 * its place.
 */
import { createOldCalendarService } from '../../../support/old-calendar/index.mjs';
import { serve } from './serve.mjs';

const service = process.argv[2] === 'old' ? openOld() : await import('tokenkeep/calendar');

serve(service);

function openOld() {
  const { DATABASE_URL, OLD_SERVICE_ROLE, OLD_GOOGLE_TOKEN_URL } = process.env;
  return createOldCalendarService({
    databaseUrl: DATABASE_URL,
    role: OLD_SERVICE_ROLE,
    tokenUrl: OLD_GOOGLE_TOKEN_URL,
  });
}
