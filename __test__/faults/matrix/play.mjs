import { inParallel } from '../parallel.mjs';
import { isLong } from './plans.mjs';
import { playRound } from './round.mjs';

/** The share of rounds that may be played again. */
const REPLAYED_AT_MOST = 0.2;
const REPORT_EVERY = 100;

/**
 * Plays a round for each plan. One that found something while the machine was too slow for scaled
 * limits shows nothing, and is played again.
 *
 * @param {import('./plans.mjs').Plan[]} plans
 * @param {import('./round.mjs').Setting & { atOnce: number, progress: (text: string) => void,
 *   probe?: import('../slowness.mjs').SlownessProbe }} setting
 * @returns {Promise<import('./lines.mjs').Round[]>}
 */
export async function playAll(plans, { atOnce, probe, progress, ...setting }) {
  const what = `rounds with limits divided by ${setting.divisor}`;
  let replays = Math.ceil(plans.length * REPLAYED_AT_MOST);
  let done = 0;
  const play = async (plan) => {
    const began = performance.now();
    const played = await playRound(plan, setting);
    played.errors.push(...oddities(plan, played));
    const found = findings(plan, played);
    const disturbed = probe?.wasSlowSince(began);
    if (found.length > 0 && disturbed && replays-- > 0) {
      progress(`the machine was too slow, to be played again: ${found.join('; ')}`);
      return play(plan);
    }
    for (const text of found) progress(text);
    done += 1;
    if (done % REPORT_EVERY === 0) progress(`${done} of ${plans.length} ${what}`);
    return { plan, played };
  };
  const rounds = await inParallel(plans, atOnce, play);
  const all = rounds.filter(({ played }) => played.struck > 0).length;
  // One fault may keep a row from ever coming to the other.
  progress(`${done} ${what}; in ${all} of them all faults struck`);
  return rounds;
}

/** What would make a round worthless: it shows another fault than it says, or none. */
function oddities(plan, { struck, ledger }) {
  const odd = [];
  if (plan.faults.length === 1 && struck === 0) odd.push('it never struck');
  if (ledger.inherentCount > 0 && !isLong(plan)) odd.push('an answer was lost without a fault');
  return odd;
}

/** What is not as it should be, for people. */
function findings({ faults, rotate }, { errors, ledger }) {
  const what = faults.map(({ step, kind }) => `${step} ${kind}`).join(' + ');
  const provider = rotate ? 'rotating' : 'not rotating';
  return [...ledger.findings, ...errors].map((text) => `${what}, ${provider}: ${text}`);
}
