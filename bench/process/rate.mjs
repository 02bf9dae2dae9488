import { setTimeout as sleep } from 'node:timers/promises';

import { Meter } from './meter.mjs';

/** How often calls are due. Node's timers are late by up to this much even without load. */
const tickMs = 1;

/**
 * An open loop: calls arrive at a fixed rate, whether or not earlier ones were answered. What a busy event loop
 * delays counts as a part of the wait, so that a blocked loop does not look fast.
 *
 * @param {() => Promise<void>} operation
 * @param {{ perSecond: number, warmupMs: number, measureMs: number }} size
 * @returns {Promise<import('./meter.mjs').Measurement>}
 */
export async function atRate(operation, { perSecond, warmupMs, measureMs }) {
  /** @type {Meter | undefined} */
  let meter;
  let failure;
  /** The calls without an answer, and when each was due. @type {Map<Promise<void>, number>} */
  const open = new Map();
  const perTick = (perSecond * tickMs) / 1_000;

  const call = async (dueMs) => {
    await operation();
    meter?.count(performance.now() - dueMs);
  };
  let next = performance.now() + tickMs;
  const timer = setInterval(() => {
    for (const now = performance.now(); next <= now; next += tickMs) {
      const dueMs = Math.min(now, next + tickMs);
      for (let index = 0; index < perTick; index++) {
        const calling = call(dueMs)
          .catch((error) => (failure ??= error))
          .finally(() => open.delete(calling));
        open.set(calling, dueMs);
      }
    }
  }, tickMs);

  await sleep(warmupMs);
  meter = new Meter();
  await sleep(measureMs);
  const now = performance.now();
  // At least so long: a peer that cannot keep the rate must not look fast.
  for (const dueMs of open.values()) meter.wait(now - dueMs);
  const result = meter.end();
  meter = undefined;
  clearInterval(timer);
  await Promise.all(open.keys());
  if (failure) throw failure;
  return result;
}
