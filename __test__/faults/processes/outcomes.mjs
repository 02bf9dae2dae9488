import { notTokens } from './answers.mjs';
import { leftLeased } from './leases.mjs';

/**
 * What is wrong after a fault that may cost time and nothing else: both processes have asked until
 * each row had a token, or, where the grant is dead, until they were told so.
 *
 * @param {import('../scene.mjs').Scene} scene
 * @param {import('../rows.mjs').User[]} users
 * @param {import('../call.mjs').Outcome[]} outcomes
 * @param {{ revoked?: boolean }} place
 * @returns {Promise<string[]>}
 */
export async function problemsIn(scene, users, outcomes, { revoked }) {
  const wrong = revoked ? notDisconnected(outcomes) : notTokens(scene, users, outcomes);
  return [...wrong, ...(await leftLeased(scene, users))];
}

function notDisconnected(outcomes) {
  return outcomes
    .filter(({ disconnected }) => !disconnected)
    .map(({ userId }) => `${userId}: was not told`);
}
