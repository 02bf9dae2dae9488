import { setTimeout as sleep } from 'node:timers/promises';

import { Meter } from './meter.mjs';

/**
 * A closed loop: each caller makes its next call as soon as the last one has returned.
 *
 * @param {() => Promise<void>} operation
 * @param {{ callers: number, warmupMs: number, measureMs: number }} size
 * @returns {Promise<import('./meter.mjs').Measurement>}
 */
export async function load(operation, { callers, warmupMs, measureMs }) {
  /** @type {Meter | undefined} */
  let meter;
  let running = true;
  const call = async () => {
    while (running) {
      const start = performance.now();
      await operation();
      meter?.count(performance.now() - start);
    }
  };
  const calls = Promise.all(Array.from({ length: callers }, call));
  const work = async () => {
    await sleep(warmupMs);
    meter = new Meter();
    await sleep(measureMs);
    const result = meter.end();
    meter = undefined;
    running = false;
    return result;
  };
  // A failure ends the measurement immediately.
  const [result] = await Promise.all([work(), calls]);
  return result;
}
