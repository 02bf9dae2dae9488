import { setTimeout as sleep } from 'node:timers/promises';

import { Meter } from './meter.mjs';

/**
 * A closed loop: each caller makes its next call as soon as the last one has returned. It is measured for some
 * time, and until each caller was answered once, or slow implementations would have no figures.
 *
 * @param {() => Promise<void>} operation
 * @param {{ callers: number, warmupMs: number, measureMs: number }} size
 * @returns {Promise<import('./meter.mjs').Measurement>}
 */
export async function load(operation, { callers, warmupMs, measureMs }) {
  /** @type {Meter | undefined} */
  let meter;
  let running = true;
  let unanswered = callers;
  const { promise: eachAnswered, resolve: allAnswered } = newPromise();
  const call = async () => {
    let isFirst = true;
    while (running) {
      const start = performance.now();
      await operation();
      meter?.count(performance.now() - start);
      if (!meter || !isFirst) continue;
      isFirst = false;
      if (--unanswered === 0) allAnswered();
    }
  };
  const calls = Promise.all(Array.from({ length: callers }, call));
  const work = async () => {
    await sleep(warmupMs);
    meter = new Meter();
    await Promise.all([sleep(measureMs), eachAnswered]);
    const result = meter.end();
    meter = undefined;
    running = false;
    return result;
  };
  // A failure ends the measurement immediately.
  const [result] = await Promise.all([work(), calls]);
  return result;
}

/** `Promise.withResolvers`, which Node 20 lacks. */
function newPromise() {
  let resolve;
  const promise = new Promise((given) => (resolve = given));
  return { promise, resolve };
}
