import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

/** The sampling interval, which Node counts as delay. */
const lookEveryMs = 1;

/** Refreshes expiring tokens and measures the event loop delay. */
export async function expiring(peer, options) {
  const delay = monitorEventLoopDelay({ resolution: lookEveryMs });
  delay.enable();
  const began = performance.now();
  const loop = performance.eventLoopUtilization();
  const { refreshed } = await peer.refreshExpiring(options);
  const { utilization } = performance.eventLoopUtilization(loop);
  delay.disable();
  return {
    refreshed,
    tookMs: performance.now() - began,
    loopDelayP99Ms: Math.max(0, delay.percentile(99) / 1e6 - lookEveryMs),
    loopUtilization: utilization,
  };
}
