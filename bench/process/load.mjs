import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { percentile } from '../statistics.mjs';

/** The sampling interval, which Node counts as delay. */
const lookEveryMs = 1;
const latenciesMax = 1 << 20;

/**
 * @typedef {object} Measurement
 * @property {number} opsPerSecond
 * @property {number} p50Ms
 * @property {number} p99Ms
 * @property {number} loopDelayP99Ms the delay of a timer that is due every millisecond
 * @property {number} loopMicrosPerOp active time of the event loop
 * @property {number} cpuMsPer1k for all threads of this process
 */

const latencies = new Float64Array(latenciesMax);

/**
 * A closed loop: each caller makes its next call as soon as the last one has returned.
 *
 * @param {() => Promise<void>} operation
 * @param {{ callers: number, warmupMs: number, measureMs: number }} size
 * @returns {Promise<Measurement>}
 */
export async function load(operation, { callers, warmupMs, measureMs }) {
  let count = 0;
  let running = true;
  const call = async () => {
    while (running) {
      const start = performance.now();
      await operation();
      latencies[count++ % latenciesMax] = performance.now() - start;
    }
  };
  const calls = Promise.all(Array.from({ length: callers }, call));
  const work = async () => {
    await sleep(warmupMs);
    const measured = begin();
    count = 0;
    await sleep(measureMs);
    const result = measured(count);
    running = false;
    return result;
  };
  // A failure ends the measurement immediately.
  const [result] = await Promise.all([work(), calls]);
  return result;
}

function begin() {
  const delay = monitorEventLoopDelay({ resolution: lookEveryMs });
  delay.enable();
  const start = performance.now();
  const cpu = process.cpuUsage();
  const loop = performance.eventLoopUtilization();

  /** @param {number} count @returns {Measurement} */
  return function end(count) {
    const { active } = performance.eventLoopUtilization(loop);
    const { user, system } = process.cpuUsage(cpu);
    const seconds = (performance.now() - start) / 1_000;
    delay.disable();
    const sorted = latencies.slice(0, Math.min(count, latenciesMax)).sort();
    return {
      opsPerSecond: count / seconds,
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
      loopDelayP99Ms: Math.max(0, delay.percentile(99) / 1e6 - lookEveryMs),
      loopMicrosPerOp: (active * 1_000) / count,
      cpuMsPer1k: (user + system) / count,
    };
  };
}
