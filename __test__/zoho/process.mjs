/**
 * A process of an application, configured by its environment alone: its old service, or tokenkeep in
 * its place. Makes the calls that a test sends, as many of each at once as it says.
 */
import { createOldZohoService } from '../../support/old-zoho/index.mjs';

const service =
  process.argv[2] === 'old' ? openOld() : (await import('tokenkeep/zoho')).oauthTokenService;

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
  const { DATABASE_URL, OLD_ZOHO_TOKEN_URL, ZOHO_REFRESH_TOKEN } = process.env;
  return createOldZohoService({
    databaseUrl: DATABASE_URL,
    tokenUrl: OLD_ZOHO_TOKEN_URL,
    refreshToken: ZOHO_REFRESH_TOKEN,
  });
}
