import { range, ratioText, table } from '../table.mjs';

/** @param {Awaited<ReturnType<typeof import('../calls.mjs').measureCalls>>} it */
export function callsText({ burst, peers }) {
  const older = peers.some(({ aloneRatio }) => aloneRatio);
  const ratio = (spread) => (spread ? ratioText(spread) : '');
  return table(
    [
      'synchronous part of a call',
      'alone µs',
      `of ${burst} at once, each µs`,
      ...(older ? ['alone, to the older build', 'at once, to the older build'] : []),
    ],
    peers.map(({ label, aloneMicros, inBurstMicros, aloneRatio, inBurstRatio }) => [
      label,
      range(aloneMicros),
      range(inBurstMicros),
      ...(older ? [ratio(aloneRatio), ratio(inBurstRatio)] : []),
    ]),
  );
}
