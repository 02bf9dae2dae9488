/**
 * Each step of the refresh protocol with each fault, alone and in pairs: the connection breaks or
 * goes silent, before or after the other side has done its part, or the message comes too late.
 * Twice each: with a provider that rotates and ends a family whose token comes back, and with one
 * that keeps its refresh tokens.
 */
import { linesOfPairs, linesOfRealLimits, linesOfSingles, metAll } from '../matrix/lines.mjs';
import { pairs, singles } from '../matrix/plans.mjs';
import { admitClients } from '../matrix/provider.mjs';
import { playRound } from '../matrix/round.mjs';
import { inParallel } from '../parallel.mjs';
import { openScene } from '../scene.mjs';

export const name = 'matrix';

/** So much of a lease, and of every other limit. */
const SCALED = 10;
/** Who waits looks at its rows 25 times a second with such limits: more rounds are too much load. */
const AT_ONCE = 32;
const CONNECTIONS = 1_500;
const REPORT_EVERY = 100;
/** Nothing takes so long but what never ends. */
const TOO_LATE_MS = 30 * 60_000;

/** @param {{ short: boolean, progress: (text: string) => void }} options */
export async function run({ short, progress }) {
  const scene = await openScene({ settings: { max_connections: CONNECTIONS } });
  const admit = admitClients(scene.endpoint);
  const tooLate = AbortSignal.timeout(TOO_LATE_MS);
  const play = async (plans, atOnce, given) => {
    const what = `rounds with limits divided by ${given.divisor}`;
    let done = 0;
    const rounds = await inParallel(plans, atOnce, async (plan) => {
      const played = await playRound(plan, { scene, admit, tooLate, ...given });
      if (plan.faults.length === 1 && played.struck === 0) played.errors.push('it never struck');
      tell(plan, played, progress);
      done += 1;
      if (done % REPORT_EVERY === 0) progress(`${done} of ${plans.length} ${what}`);
      return { plan, played };
    });
    progress(`${done} ${what}; in ${metAll(rounds)} of them all faults struck`);
    return rounds;
  };
  try {
    if (short) {
      const given = { divisor: SCALED, rows: 2, patient: false };
      return linesOfSingles(await play(singles, AT_ONCE, given));
    }
    const given = { divisor: SCALED, rows: 3, patient: true };
    // With real limits nearly all of the time is waiting.
    const [real, scaled] = await Promise.all([
      play(singles, singles.length, { divisor: 1, rows: 2, patient: true }),
      play([...singles, ...pairs], AT_ONCE, given),
    ]);
    const [alone, two] = [scaled.slice(0, singles.length), scaled.slice(singles.length)];
    return [...linesOfSingles(alone), ...linesOfPairs(two), ...linesOfRealLimits(real)];
  } finally {
    await scene.close();
  }
}

/** What was found, as soon as it is. */
function tell({ faults, rotate }, { errors, ledger }, progress) {
  const { lost, doubles, wrongDeletions, findings } = ledger;
  if (lost + doubles + wrongDeletions + errors.length === 0) return;
  const what = faults.map(({ step, kind }) => `${step} ${kind}`).join(' + ');
  const provider = rotate ? 'rotating' : 'not rotating';
  progress(`${what}, ${provider}: ${[...findings, ...errors].join('; ')}`);
}
