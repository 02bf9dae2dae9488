/**
 * One process of a fleet, configured by its environment alone: the old service, or tokenkeep in its
 * place. Answers the calls that the test sends; tells when a call of the old service is refused the
 * lock.
 */
import { createOldGmailService } from '../../../support/old-gmail/index.mjs';
import { aroundLock, call } from './around-lock.mjs';

const service = process.argv[2] === 'old' ? openOld() : await import('tokenkeep/gmail');

process.on('message', ({ id, name, args }) => call.run(id, () => answer(id, name, args)));
process.on('disconnect', () => process.exit());
process.send({ ready: true });

async function answer(id, name, args) {
  try {
    process.send({ id, value: await service[name](...args) });
  } catch (error) {
    process.send({ id, error: `${error.name}: ${error.message}` });
  }
}

function openOld() {
  const { env } = process;
  const old = createOldGmailService({
    databaseUrl: env.DATABASE_URL,
    encryptionKey: env.GMAIL_ENCRYPTION_KEY,
    tokenUrl: env.OLD_GOOGLE_TOKEN_URL,
    clientId: env.GOOGLE_CLIENT_ID,
    clientSecret: env.GOOGLE_CLIENT_SECRET,
    now: () => Date.now() + Number(env.OLD_CLOCK_SKEW_MS ?? 0),
  });
  aroundLock(old.pool, { refused: () => process.send({ refused: call.getStore() }) });
  return old;
}
