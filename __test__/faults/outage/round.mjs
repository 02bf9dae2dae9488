import { setTimeout as sleep } from 'node:timers/promises';

import { notOneRequest, notTokens } from '../processes/answers.mjs';
import { leftLeased } from '../processes/leases.mjs';
import { places } from '../processes/places.mjs';
import { holderName, withTwoProcesses } from '../processes/two-processes.mjs';
import { Leases } from '../processes/takeover.mjs';

const leaseMs = 30_000;
const graceMs = 5_000;
/** As many as an application has, however many rows there are. */
const maxConnections = 6;

/**
 * @typedef {object} Outage
 * @property {number} awayMs with real limits
 * @property {'everybody' | 'the holder'} whose database is away
 * @property {boolean} [lenient] the provider refuses a spent token, and no more
 *
 * @typedef {Outage & { rows: number, limitsDivisor: number }} Given
 */

/**
 * @param {import('../scene.mjs').Scene} scene
 * @param {import('../process.mjs').Process} other
 * @param {Given} given
 * @returns {Promise<import('../processes/series.mjs').Played>}
 */
export function outageRound(scene, other, given) {
  const { rows, lenient, limitsDivisor } = given;
  const stand = {
    place: places['request under way'],
    rows,
    lenient,
    options: { limitsDivisor, maxConnections },
    command: /** @type {const} */ ('call'),
    join: (ids) => other.settle(ids),
  };
  return withTwoProcesses(scene, stand, async ({ users, holder, proxy, gate, held, joined }) => {
    const leases = await Leases.read(scene, users, limitsDivisor);
    const comeBack = await goAway(scene, proxy, given);
    const isOver = sleep(given.awayMs / limitsDivisor, 'over');
    gate.open();
    const told = await Promise.race([held, isOver]);
    if ((await isOver) && told === 'over') throw new Error('Callers waited for the database');
    await comeBack();
    const stored = await holder.close();
    const errors = [
      ...(stored ? [] : ['the holder could not store what it had']),
      ...notTokens(scene, users, told),
      ...leases.takenEarly(users),
      ...(await afterwards(scene, other, users, await joined, given)),
    ];
    const excuses = isFamilyLost(given) ? { unreceived: wasCutOff } : {};
    return { users, ledger: await scene.ledger(users, excuses), errors };
  });
}

/** Gives a function that ends the outage. */
async function goAway({ server }, proxy, { whose }) {
  if (whose === 'everybody') {
    await server.crash();
    return () => server.restart();
  }
  proxy.refuse(true);
  return async () => proxy.refuse(false);
}

async function afterwards(scene, other, users, outcomes, given) {
  if (isFamilyLost(given)) {
    // Some got the token that the holder had stored late: the next call proves it.
    const again = await other.settle(users.map(({ id }) => id));
    const untold = again.filter(({ disconnected }) => !disconnected);
    return untold.map(({ userId }) => `${userId}: was not told that the grant is revoked`);
  }
  const once = isLate(given) ? [] : notOneRequest(scene, users, holderName);
  return [...notTokens(scene, users, outcomes), ...once, ...(await leftLeased(scene, users))];
}

/** Whether the lease is over when the token is stored: then the next caller proves it. */
function isLate({ awayMs }) {
  return awayMs > leaseMs;
}

/** Whether the other process takes the leases over meanwhile. @param {Given} given */
function isTakenOver({ awayMs, whose }) {
  return whose === 'the holder' && awayMs > leaseMs + graceMs;
}

/** Whether both have spent the same token, and thereby revoked its family. @param {Given} given */
function isFamilyLost(given) {
  return isTakenOver(given) && !given.lenient;
}

function wasCutOff({ request }) {
  return request.form.client_secret === holderName;
}
