import { describe } from '../compare.mjs';
import { number, range, ratioText, table } from '../table.mjs';

/** The results of one load. @param {string} title @param {Record<string, any>} result of `compare` */
export function loadText(title, { peers, ratios, ...load }) {
  const subjects = Object.keys(ratios);
  const head = [
    `${title}, ${describe(load)}`,
    'ops/s',
    'p50 ms',
    'p99 ms',
    'loop delay p99 ms',
    'loop µs/op',
    'CPU ms/1k ops',
    ...subjects.map((name) => `${name} is faster`),
  ];
  const rows = peers.map((peer) => [
    peer.label,
    range(peer.opsPerSecond),
    number(peer.p50Ms.median),
    number(peer.p99Ms.median),
    number(peer.loopDelayP99Ms.median),
    number(peer.loopMicrosPerOp.median),
    number(peer.cpuMsPer1k.median),
    ...subjects.map((name) => {
      const ratio = ratios[name][peer.name]?.opsPerSecond;
      return ratio ? ratioText(ratio) : '';
    }),
  ]);
  return table(head, rows);
}
