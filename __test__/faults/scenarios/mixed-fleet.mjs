/**
 * Old processes and tokenkeep's on one table, tokens running out all the time, and a provider that
 * rotates and revokes a family whose spent token comes back. Each expiry is refreshed once, and the old
 * callers meet no error that the old code alone would not give them: old processes only, under the
 * same load, stand beside it. Then the way back, and the way on.
 *
 * Real limits: the old code's lock is one of 30 s, and its callers sleep for 2 s.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { Application } from '../mixed-fleet/application.mjs';
import { phase } from '../mixed-fleet/phase.mjs';

export const name = 'mixed-fleet';

/** After a commit of a mixed fleet the row is locked for 30 s; an old clock may be 4 s behind. */
const lockedMs = 36_000;

/** @param {{ short: boolean, progress: (text: string) => void }} options */
export async function run({ short, progress }) {
  const [users, loadMs] = short ? [24, 1_000] : [60, 240_000];
  const lines = await Promise.all([
    onlyOld(users, loadMs, progress),
    mixed(users, loadMs, short, progress),
  ]);
  return lines.flat();
}

/** What the old code does alone, for comparison. */
async function onlyOld(users, loadMs, progress) {
  const app = await Application.start(users);
  try {
    const old = await app.processes('old', 6);
    return [await phase('6 old processes, for comparison', app, old, hours(app, loadMs), progress)];
  } finally {
    await app.stop();
  }
}

async function mixed(users, loadMs, short, progress) {
  const app = await Application.start(users);
  const run = (fault, members, load) => phase(fault, app, members, load, progress);
  const stop = (members) => Promise.all(members.map((member) => member.stop()));
  try {
    const old = await app.processes('old', 3);
    const tokenkeep = await app.processes('tokenkeep', 3, { TOKENKEEP_MIXED_FLEET: '1' });
    const fleet = [...old, ...tokenkeep];
    const lines = [await run('3 old processes, 3 of tokenkeep', fleet, hours(app, loadMs))];
    if (!short) lines.push(await run('the same in real time', fleet, realTime(app, 100_000)));

    await stop(tokenkeep);
    app.provider.hurry();
    lines.push(await run('rolled back: the old code alone', old.slice(0, 1), hours(app, 0)));
    await stop(old);
    const alone = await app.processes('tokenkeep', 3);
    lines.push(await run('then tokenkeep alone', alone, hours(app, loadMs / 10)));
    return lines;
  } finally {
    await app.stop();
  }
}

/** Each expiry is two hours after the one before: a row is simply made older. */
function hours(app, loadMs) {
  const expire = (userId) => app.connections.twoHoursPass(userId);
  return { users: app.users, goesOn: until(loadMs), expire };
}

/** Nothing is made older: each expiry waits until the lock that was left in the row is over. */
function realTime(app, loadMs) {
  const expire = async (userId) => {
    await sleep(lockedMs);
    await app.connections.expire(userId);
  };
  return { users: app.users, goesOn: until(loadMs), expire };
}

function until(ms) {
  const end = Date.now() + ms;
  return () => Date.now() < end;
}
