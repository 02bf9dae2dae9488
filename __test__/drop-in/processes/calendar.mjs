/**
 * A process of an application, configured by its environment alone: its old program, or tokenkeep in
 * its place. Makes the calls that a test sends, as many of each at once as it says.
 */
import { createOldCalendarService } from '../../../support/old-calendar/index.mjs';

const service = process.argv[2] === 'old' ? openOld() : await import('tokenkeep/calendar');

process.on('message', async ({ id, name, args, times }) => {
  const calls = Array.from({ length: times }, () => service[name](...args));
  const settled = await Promise.allSettled(calls);
  const answers = settled.map(({ value, reason }) =>
    reason ? { error: `${reason.name}: ${reason.message}` } : { value },
  );
  process.send({ id, answers });
});
process.on('disconnect', () => process.exit());
process.send({ id: 0 });

function openOld() {
  const { DATABASE_URL, OLD_SERVICE_ROLE, OLD_GOOGLE_TOKEN_URL } = process.env;
  return createOldCalendarService({
    databaseUrl: DATABASE_URL,
    role: OLD_SERVICE_ROLE,
    tokenUrl: OLD_GOOGLE_TOKEN_URL,
  });
}
