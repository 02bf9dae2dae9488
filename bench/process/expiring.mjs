import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

/** Node counts the pause between two looks as delay. */
const lookEveryMs = 1;

/** Refreshes what runs out soon, and says what that did to the event loop. */
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
