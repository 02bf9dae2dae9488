import { openScene } from '../scene.mjs';
import { quickenLogin } from './login.mjs';

/**
 * Plays rounds side by side, each lane on a PostgreSQL server and with a provider of its own: most
 * of a round is waiting for a lease to run out.
 *
 * @template Kept
 * @param {object} given
 * @param {number} given.rounds
 * @param {number} given.lanes
 * @param {Parameters<typeof openScene>[0]} [given.options]
 * @param {(scene: import('../scene.mjs').Scene) => Promise<Kept>} given.prepare what a lane keeps
 * @param {(scene: import('../scene.mjs').Scene, kept: Kept) => Promise<void>} given.play
 * @param {(kept: Kept) => Promise<unknown>} given.finish
 */
export async function inLanes({ rounds, lanes, options, prepare, play, finish }) {
  let left = rounds;
  const lane = async () => {
    const scene = await openScene(options);
    try {
      await quickenLogin(scene);
      const kept = await prepare(scene);
      try {
        while (left-- > 0) await play(scene, kept);
      } finally {
        await finish(kept);
      }
    } catch (error) {
      left = 0;
      throw error;
    } finally {
      await scene.close();
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(lanes, rounds) }, lane));
  for (const { reason } of ended) if (reason) throw reason;
}
