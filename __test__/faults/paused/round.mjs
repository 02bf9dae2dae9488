import { notOneRequest, notTokens } from '../processes/answers.mjs';
import { leftLeased } from '../processes/leases.mjs';
import { callUntilAnswered } from '../processes/retry.mjs';
import { places } from '../processes/places.mjs';
import { holderName, otherName, withTwoProcesses } from '../processes/two-processes.mjs';
import { Leases } from '../processes/takeover.mjs';

/**
 * @typedef {object} Pause
 * @property {keyof typeof places} at where the holder is stopped
 * @property {'revokes the family' | 'refuses' | 'does not rotate'} provider what it does when a spent
 *   token comes back
 * @property {boolean} [alone] nobody else asks
 *
 * @typedef {Pause & { rows: number, limitsDivisor: number }} Given
 */

/**
 * @param {import('../scene.mjs').Scene} scene
 * @param {import('../process.mjs').Process} other
 * @param {Given} given
 * @returns {Promise<import('../processes/series.mjs').Played>}
 */
export function pauseRound(scene, other, given) {
  const place = places[given.at];
  const stand = {
    place,
    rows: given.rows,
    options: { limitsDivisor: given.limitsDivisor },
    rotate: given.provider !== 'does not rotate',
    lenient: given.provider === 'refuses',
    join: (ids) => (given.alone ? [] : callUntilAnswered(other, ids)),
  };
  return withTwoProcesses(scene, stand, async ({ users, holder, gate, held, joined }) => {
    const leases = await Leases.read(scene, users, given.limitsDivisor);
    await holder.pause();
    // Its answers arrive while it is stopped; a statement of its own arrives when it goes on.
    if (place.step !== 'commit') gate.open();
    const meanwhile = await joined;
    await leases.areOver();
    holder.resume();
    gate.open();
    const told = await held;
    // Callers may be answered before the answer is stored.
    const stored = await holder.close();
    const errors = [
      ...(stored ? [] : ['the holder could not end what was under way']),
      ...leases.takenEarly(users),
      ...notTokens(scene, users, told),
      ...(await (isSpent(given) ? afterReuse : afterAll)(scene, other, users, meanwhile, given)),
    ];
    const excuses = isFamilyLost(given) ? { unreceived: wasStopped } : {};
    return { users, ledger: await scene.ledger(users, excuses), errors };
  });
}

/** Everybody has a token, for which one process has asked, once. */
async function afterAll(scene, other, users, meanwhile, { alone, provider }) {
  const once =
    provider === 'does not rotate'
      ? []
      : notOneRequest(scene, users, alone ? holderName : otherName);
  return [...notTokens(scene, users, meanwhile), ...once, ...(await leftLeased(scene, users))];
}

/** The other process was told that nothing is known, and asks again when the holder has stored. */
async function afterReuse(scene, other, users, meanwhile, given) {
  const known = meanwhile.filter(({ code }) => code !== 'ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN');
  const again = await other.settle(users.map(({ id }) => id));
  const wrong = isFamilyLost(given)
    ? again
        .filter(({ disconnected }) => !disconnected)
        .map(({ userId }) => `${userId}: was not told that the grant is revoked`)
    : [...notTokens(scene, users, again), ...(await leftLeased(scene, users))];
  return [...known.map(({ userId }) => `${userId}: was told something certain`), ...wrong];
}

/** Whether both processes have spent the same token. @param {Given} given */
function isSpent({ at, alone, provider }) {
  return at !== 'lease taken' && !alone && provider !== 'does not rotate';
}

/** Whether that has revoked its family. @param {Given} given */
function isFamilyLost(given) {
  return isSpent(given) && given.provider === 'revokes the family';
}

/** The answer had arrived, or was about to, when the process was stopped. */
function wasStopped({ request }) {
  return request.form.client_secret === holderName;
}
