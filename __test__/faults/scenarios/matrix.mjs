/**
 * Each step of the refresh protocol with each fault, alone and in pairs: the connection breaks or
 * goes silent, before or after the other side has done its part, or the message comes too late.
 * Twice each: with a provider that rotates and revokes a family whose spent token comes back, and with one
 * that keeps its refresh tokens.
 */
import { createTokenKeep } from '../../../dist/index.js';
import { SlownessProbe } from '../slowness.mjs';
import { linesOfPairs, linesOfRealLimits, linesOfSingles } from '../matrix/lines.mjs';
import { isLong, pairs, singles } from '../matrix/plans.mjs';
import { playAll } from '../matrix/play.mjs';
import { admitInstances } from '../matrix/provider.mjs';
import { openScene } from '../scene.mjs';

export const name = 'matrix';

/** So much of a lease, and of every other limit. */
const SCALED = 10;
/** Longer than a try of a commit may take with such limits. */
const SLOW_MS = 150;
/** Who waits looks at its rows 25 times a second with such limits: more rounds are too much load. */
const AT_ONCE = 16;
/** Of rounds that wait for the unknown-outcome limit and poll meanwhile. */
const LONG_AT_ONCE = 32;
const CONNECTIONS = 1_500;
/** Nothing takes so long but what never ends. */
const TOO_LATE_MS = 40 * 60_000;

/** @param {{ short: boolean, progress: (text: string) => void }} options */
export async function run({ short, progress }) {
  const scene = await openScene({ settings: { max_connections: CONNECTIONS } });
  const probe = new SlownessProbe(createTokenKeep(scene.options('probe')), SLOW_MS);
  const tooLate = AbortSignal.timeout(TOO_LATE_MS);
  const common = { scene, admit: admitInstances(scene.endpoint), tooLate, progress };
  const scaled = { ...common, divisor: SCALED, probe, atOnce: AT_ONCE };
  try {
    if (short)
      return linesOfSingles(await playAll(singles, { ...scaled, rows: 2, patient: false }));
    // With real limits nearly all of the time is waiting.
    const all = { ...common, divisor: 1, rows: 2, patient: true, atOnce: singles.length };
    const real = playAll(singles, all);
    const given = { ...scaled, rows: 3, patient: true };
    const plans = [...singles, ...pairs];
    const [brief, long] = await Promise.all([
      playAll(
        plans.filter((plan) => !isLong(plan)),
        given,
      ),
      playAll(plans.filter(isLong), { ...given, atOnce: LONG_AT_ONCE }),
    ]);
    const rounds = [...brief, ...long];
    return [
      ...linesOfSingles(rounds.filter(({ plan }) => plan.faults.length === 1)),
      ...linesOfPairs(rounds.filter(({ plan }) => plan.faults.length === 2)),
      ...linesOfRealLimits(await real),
    ];
  } finally {
    await probe.stop();
    await scene.close();
  }
}
