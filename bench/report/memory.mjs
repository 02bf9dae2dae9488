import { range, ratioText, table } from '../table.mjs';

/** @param {Awaited<ReturnType<typeof import('../memory.mjs').measureMemory>>} it */
export function memoryText({ reads, callers, peers }) {
  return table(
    [
      `memory after ${reads.toLocaleString('en')} reads, ${callers} callers`,
      'RSS MB',
      'highest MB',
      "tokenkeep's share of it",
    ],
    peers.map(({ name, label, rssMegabytes, peakMegabytes, share }) => [
      label,
      range(rssMegabytes),
      range(peakMegabytes),
      name === 'tokenkeep' ? '' : ratioText(share, 2),
    ]),
  );
}
