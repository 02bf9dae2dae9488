import { expireAndCall } from './expiries.mjs';
import { judge } from './judge.mjs';

/**
 * One load from beginning to end, judged, as a line of the report.
 *
 * @param {string} fault
 * @param {import('./application.mjs').Application} app
 * @param {import('../../drop-in/processes/fleet.mjs').Member[]} members
 * @param {Parameters<typeof expireAndCall>[2]} load
 * @param {(text: string) => void} progress
 */
export async function phase(fault, app, members, load, progress) {
  const earlier = app.provider.requests.length;
  const expiries = await expireAndCall(app, members, load);
  const requests = app.provider.requests.slice(earlier);
  const { problems, ...found } = judge(expiries, requests, app.provider.delayOf);

  const bySide = (side) => requests.filter(({ form }) => form.client_id === side).length;
  const [ofOld, ofTokenkeep] = [bySide('old'), bySide('tokenkeep')];
  progress(`${fault}: ${ofOld} refreshes by the old code, ${ofTokenkeep} by tokenkeep`);
  for (const problem of problems.slice(0, 5)) progress(`${fault}: ${problem}`);
  const sides = new Set(members.map(({ side }) => side));
  if (![...sides].every(bySide)) throw new Error(`${fault}: a side never refreshed: nothing shown`);
  return lineOf(fault, expiries.length, found);
}

function lineOf(fault, rows, { oldDoubles, oldTimeouts, ...found }) {
  const inherentCount = oldDoubles + oldTimeouts;
  const inherent =
    inherentCount === 0
      ? ''
      : `the old code alone: ${oldTimeouts} of its callers gave up while an answer took 7 s, ` +
        `${oldDoubles} tokens were spent by two old processes`;
  return { fault, rounds: 1, rows, ...found, inherent, inherentCount };
}
