import { describe } from '../compare.mjs';
import { number, range, table } from '../table.mjs';

const percent = ({ median, min, max }) => {
  const text = (share) => (share * 100).toFixed(1);
  return `${text(median)} % [${text(min)}-${text(max)}]`;
};

/** @param {Awaited<ReturnType<typeof import('../rate.mjs').measureRate>>} it */
export function rateText({ peers, perSecond }) {
  return table(
    [
      `reads, ${describe({ perSecond })}`,
      'p50 ms',
      'p99 ms',
      'loop busy',
      'loop delay p99 ms',
      'CPU ms/1k ops',
    ],
    peers.map((peer) => [
      peer.label,
      range(peer.p50Ms),
      range(peer.p99Ms),
      percent(peer.loopUtilization),
      number(peer.loopDelayP99Ms.median),
      number(peer.cpuMsPer1k.median),
    ]),
  );
}
