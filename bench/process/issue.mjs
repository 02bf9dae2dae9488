import { performance } from 'node:perf_hooks';

import { median } from '../statistics.mjs';

/**
 * The synchronous part of a call in microseconds: from the call until its caller has the promise. That is the
 * JavaScript in front of the addon, and passing the arguments; what the answer costs comes later. The median
 * over bursts, as other threads take the processor away from some.
 *
 * @param {() => Promise<unknown>} call
 * @param {{ burst: number, bursts: number }} size calls that are made at once, and how often
 */
export async function issue(call, { burst, bursts }) {
  const micros = [];
  // The first tenth is a warm-up.
  for (let index = -Math.ceil(bursts / 10); index < bursts; index++) {
    const calls = Array.from({ length: burst });
    const start = performance.now();
    for (let at = 0; at < burst; at++) calls[at] = call();
    const spent = performance.now() - start;
    await Promise.all(calls);
    if (index >= 0) micros.push((spent * 1_000) / burst);
  }
  return median(micros);
}
