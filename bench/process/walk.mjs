import { performance } from 'node:perf_hooks';

import { percentile } from '../statistics.mjs';

/**
 * Makes one call per user, with a limited number at a time.
 *
 * @param {import('../peers/index.mjs').Peer} peer
 * @param {{ call: string, users: string[], callers: number }} argument
 */
export async function walk(peer, { call, users, callers }) {
  const waits = [];
  const left = [...users];
  const began = performance.now();
  const walker = async () => {
    while (left.length > 0) {
      const user = left.pop();
      const start = performance.now();
      await peer[call](user);
      waits.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: callers }, walker));
  const tookMs = performance.now() - began;
  const sorted = Float64Array.from(waits).sort();
  return {
    opsPerSecond: (users.length * 1_000) / tookMs,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
  };
}
