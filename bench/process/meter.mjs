import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

import { percentile } from '../statistics.mjs';

/** The sampling interval, which Node counts as delay. */
const lookEveryMs = 1;
const latenciesMax = 1 << 20;
const latencies = new Float64Array(latenciesMax);

/**
 * @typedef {object} Measurement
 * @property {number} opsPerSecond
 * @property {number} p50Ms
 * @property {number} p99Ms
 * @property {number} loopDelayP99Ms the delay of a timer that is due every millisecond
 * @property {number} loopUtilization the share of the time in which the event loop was active
 * @property {number} loopMicrosPerOp active time of the event loop
 * @property {number} cpuMsPer1k for all threads of this process
 */

/** Measures this process and its calls, from the start until `end`. One at a time. */
export class Meter {
  #delay = monitorEventLoopDelay({ resolution: lookEveryMs });
  #start = performance.now();
  #cpu = process.cpuUsage();
  #loop = performance.eventLoopUtilization();
  #answered = 0;
  #waits = 0;

  constructor() {
    this.#delay.enable();
  }

  /** Counts a call that has been answered. */
  count(waitMs) {
    this.#answered++;
    this.wait(waitMs);
  }

  /** Counts how long a call has waited, but not the call. */
  wait(waitMs) {
    latencies[this.#waits++ % latenciesMax] = waitMs;
  }

  /** @returns {Measurement} */
  end() {
    const { active, utilization } = performance.eventLoopUtilization(this.#loop);
    const { user, system } = process.cpuUsage(this.#cpu);
    const seconds = (performance.now() - this.#start) / 1_000;
    this.#delay.disable();
    const sorted = latencies.slice(0, Math.min(this.#waits, latenciesMax)).sort();
    // Not zero, by which nobody can divide.
    const count = Math.max(1, this.#answered);
    return {
      opsPerSecond: count / seconds,
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
      loopDelayP99Ms: Math.max(0, this.#delay.percentile(99) / 1e6 - lookEveryMs),
      loopUtilization: utilization,
      loopMicrosPerOp: (active * 1_000) / count,
      cpuMsPer1k: (user + system) / count,
    };
  }
}
