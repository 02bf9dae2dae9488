import { createTokenKeep } from '../../../dist/index.js';
import { SlownessProbe } from '../slowness.mjs';
import { Process } from '../process.mjs';
import { openScene } from '../scene.mjs';
import { addRound, newLine } from './line.mjs';
import { TooSlow, wasTooSlow } from './too-slow.mjs';
import { otherOptions } from './two-processes.mjs';

/** What one try of a commit may take: nothing of a round takes longer on a machine that keeps up. */
const commitMs = 1_500;

/** The share of rounds that may be played again since the machine was too slow. */
const replayedAtMost = 0.2;

/**
 * Plays each fault so many times. Several rounds run at a time, each with a PostgreSQL server,
 * a provider and a second process of its own: most of a round is waiting for a lease to run out.
 *
 * @template {{ fault: string, inherent?: string }} Fault
 * @param {object} given
 * @param {Fault[]} given.faults
 * @param {number} given.times
 * @param {number} given.concurrency
 * @param {number} given.limitsDivisor of the second process
 * @param {(scene: Scene) => unknown} [given.prepare]
 * @param {(scene: Scene, other: Process, fault: Fault) => Promise<Played>} given.play
 * @param {(text: string) => void} given.progress
 *
 * @typedef {import('../scene.mjs').Scene} Scene
 * @typedef {{ users: import('../rows.mjs').User[], ledger: import('../ledger.mjs').Ledger,
 *   errors: string[] }} Played
 */
export async function playSeries(given) {
  const { faults, times, concurrency, progress } = given;
  const lines = faults.map(({ fault }) => newLine(fault));
  const rounds = faults.flatMap((fault, index) => Array(times).fill({ fault, line: lines[index] }));
  let replays = Math.ceil(rounds.length * replayedAtMost);
  const playNext = async (worker) => {
    const round = rounds.shift();
    const { fault, line } = round;
    const played = await playInTime(worker, fault, given);
    if (played) {
      addRound(line, played.ledger, played.errors, progress);
      if (line.inherentCount > 0) line.inherent = fault.inherent ?? '';
      if (rounds.length % 10 === 0) progress(`${line.fault}: played, ${rounds.length} rounds left`);
    } else {
      if (replays-- === 0) throw new Error('The machine is too slow for limits this short');
      progress(`${line.fault}: the machine was too slow, to be played again`);
      rounds.push(round);
    }
  };
  const worker = async () => {
    try {
      await withServers(given, async (opened) => {
        while (rounds.length > 0) await playNext(opened);
      });
    } catch (error) {
      // The other workers stop, too.
      rounds.length = 0;
      throw error;
    }
  };
  const count = Math.min(concurrency, rounds.length);
  const settled = await Promise.allSettled(Array.from({ length: count }, worker));
  for (const { reason } of settled) if (reason) throw reason;
  return lines;
}

/** Gives nothing when the machine was too slow, which real limits are not for. */
async function playInTime({ scene, other, probe }, fault, { play, limitsDivisor }) {
  const began = performance.now();
  try {
    const played = await play(scene, other, fault);
    if (limitsDivisor === 1) return played;
    const slow = probe.wasSlowSince(began) && isFinding(played);
    return slow || wasTooSlow(scene, played.users) ? undefined : played;
  } catch (error) {
    if (limitsDivisor === 1 || !(error instanceof TooSlow)) throw error;
    return undefined;
  }
}

/** @param {Played} played */
function isFinding({ ledger, errors }) {
  return errors.length + ledger.lost + ledger.doubles + ledger.wrongDeletions > 0;
}

async function withServers({ limitsDivisor, prepare }, work) {
  const scene = await openScene();
  const reader = createTokenKeep(scene.options('probe'));
  const probe = new SlownessProbe(reader, commitMs / limitsDivisor);
  let other;
  try {
    await prepare?.(scene);
    other = await Process.start(otherOptions(scene, limitsDivisor));
    await work({ scene, other, probe });
  } finally {
    await other?.kill();
    await probe.stop();
    await scene.close();
  }
}
