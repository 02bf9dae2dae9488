import { setTimeout as sleep } from 'node:timers/promises';

import { notOneRequest, notTokens } from '../processes/answers.mjs';
import { deletionsOf, pass, rememberLeases } from '../processes/deletions.mjs';
import { callUntilAnswered } from '../processes/retry.mjs';
import { places } from '../processes/places.mjs';
import { holderName, otherName, withTwoProcesses } from '../processes/two-processes.mjs';

const unknownOutcomeLimitMs = 600_000;
const pauseMs = 200;

/**
 * @typedef {object} Moment
 * @property {keyof typeof places} at which the holder is killed
 * @property {boolean} rotate
 * @property {number} rows
 * @property {number} limitsDivisor
 * @property {number} [passMs] how much of the unknown-outcome limit passes without a wait
 *
 * @typedef {import('../processes/series.mjs').Played} Played
 */

/**
 * The other process asked while the holder was under way, once for each row, and gets every row
 * that can be had.
 *
 * @param {import('../scene.mjs').Scene} scene
 * @param {import('../process.mjs').Process} other
 * @param {Moment} moment
 * @returns {Promise<Played>}
 */
export async function killRound(scene, other, moment) {
  const { users, ids, answers } = await kill(scene, other, moment);
  const lost = isLost(moment);
  const errors = lost ? answers.filter(isKnown).map(told) : notTokens(scene, users, answers);
  if (moment.at !== 'commit sent') errors.push(...notOneRequest(scene, users, spender(moment)));
  for (const { userId } of await deletionsOf(scene, ids)) errors.push(`${userId}: was deleted`);
  const excuses = lost ? { unreceived: wasKilled } : {};
  return { users, ledger: await scene.ledger(users, excuses), errors };
}

/**
 * The same, and then the other process calls until the unknown-outcome limit: not before is a row deleted,
 * and then everybody is told that the grant is gone.
 *
 * @param {Parameters<typeof killRound>} args
 * @returns {Promise<Played>}
 */
export async function unknownOutcomeRound(...args) {
  const [scene, other, moment] = args;
  const { users, ids, answers } = await kill(scene, other, moment);
  const errors = answers.filter(isKnown).map(told);
  await pass(scene, moment.passMs);
  let waiting = ids;
  while (waiting.length > 0) {
    await sleep(pauseMs);
    const again = await callUntilAnswered(other, waiting);
    waiting = again.filter((answer) => !isKnown(answer)).map(({ userId }) => userId);
    errors.push(...again.filter((answer) => isKnown(answer) && !isRevoked(answer)).map(told));
  }
  const deletions = await deletionsOf(scene, ids);
  if (deletions.length !== ids.length) errors.push(`${deletions.length} rows were deleted`);
  for (const { userId, afterMs } of deletions) {
    if (afterMs < unknownOutcomeLimitMs / moment.limitsDivisor)
      errors.push(`${userId}: deleted in doubt`);
  }
  return { users, ledger: await scene.ledger(users, { unreceived: wasKilled }), errors };
}

async function kill(scene, other, { at, rotate, rows, limitsDivisor }) {
  const join = (ids) => callUntilAnswered(other, ids);
  const place = places[at];
  const given = { place, rows, options: { limitsDivisor }, rotate, join };
  return withTwoProcesses(scene, given, async (stand) => {
    const ids = stand.users.map(({ id }) => id);
    await rememberLeases(scene, ids);
    await stand.holder.kill();
    stand.gate.open({ do: 'cut-before' });
    return { users: stand.users, ids, answers: await stand.joined };
  });
}

/** Whether the only copy of a refresh token died with the holder. @param {Moment} moment */
function isLost({ at, rotate }) {
  return at === 'commit sent' && rotate;
}

/** Who asks the provider for the token that is stored in the end. @param {Moment} moment */
function spender({ at }) {
  return at === 'commit executed' ? holderName : otherName;
}

/** The answer arrived: its commit was on its way when the process was killed. */
function wasKilled({ request }) {
  return request.form.client_secret === holderName && request.delivered;
}

/** @param {import('../call.mjs').Answer} answer */
function isKnown({ code }) {
  return code !== 'ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN';
}

function isRevoked({ code, message }) {
  return code === 'ERR_TOKENKEEP_REVOKED' && message !== undefined;
}

function told({ userId, accessToken, code, message }) {
  return `${userId}: was told ${accessToken ? 'a token' : `${code} ${message}`}`;
}
