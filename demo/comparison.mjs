import { prepareStorm } from './storm.mjs';

/** How often each is measured: the results of a hand-written service vary. */
const rounds = 5;

const names = { tokenkeep: 'tokenkeep', handWritten: 'hand-written service' };

/**
 * @typedef {object} Round
 * @property {number[]} requestsMs when each request reached the token endpoint
 * @property {boolean} connected whether the user is still connected: row and grant exist
 * @property {import('./storm.mjs').Outcome['byProcess']} byProcess
 */

/**
 * Runs the same callers with tokenkeep and with a hand-written service (`support/old-gmail`): the same table,
 * key, provider and user, who reconnects before each round.
 *
 * @param {object} scene
 * @param {import('../support/google.mjs').Google} scene.google
 * @param {ReturnType<typeof import('./row.mjs').operator>} scene.operate
 * @param {Parameters<typeof prepareStorm>[0]} scene.storm
 * @param {Parameters<typeof prepareStorm>[1]} scene.defer
 * @param {import('./screen.mjs').Screen} screen
 * @returns {Promise<{ rounds: number, tokenkeep: Round[], handWritten: Round[] }>}
 */
export async function compare(scene, screen) {
  screen.title('The same with a hand-written service');
  const measured = { tokenkeep: [], handWritten: [] };
  // In a fresh clone tokenkeep exists only after the demo has built it.
  const { createTokenKeep } = await import('tokenkeep');
  const keep = createTokenKeep(scene.storm.options);
  try {
    for (let round = 1; round <= rounds; round++) {
      for (const service of Object.keys(measured)) {
        const title = `round ${round} of ${rounds}: ${names[service]}`;
        const work = () => measure(service, scene, keep);
        measured[service].push(await screen.step(title, work, summary));
      }
    }
  } finally {
    await keep.close();
  }
  return { rounds, ...measured };
}

/** @returns {Promise<Round>} */
async function measure(service, { google, operate, storm, defer }, keep) {
  const { userId } = storm;
  const { expiresIn, ...granted } = await google.connect(userId);
  const expiresAt = new Date(Date.now() + expiresIn * 1000);
  await keep.gmail.upsertGmailTokens({ userId, tenantId: 'demo', ...granted, expiresAt });
  const start = await prepareStorm({ ...storm, service }, defer);
  await operate.expire();
  google.resetCount();
  const { byProcess, startedAt } = await start();
  const requestsMs = google.tokenRequestTimes().map((time) => Math.round(time - startedAt));
  const stored = await keep.gmail.getGmailTokenDecrypted(userId);
  const connected = stored !== null && (await google.isAlive(stored.refreshToken));
  return { requestsMs, connected, byProcess };
}

/** @param {Round} round */
function summary({ requestsMs, connected, byProcess }) {
  const requests = requestsMs.length === 1 ? '1 request' : `${requestsMs.length} requests`;
  const answered = byProcess.reduce((sum, process) => sum + process.answered, 0);
  const last = Math.max(...byProcess.map(({ lastAnswerMs }) => lastAnswerMs));
  const lost = connected ? '' : ', the connection is lost';
  return `${requests}, ${answered} callers got a token, the last answer after ${last} ms${lost}`;
}
