/**
 * The database is away when the answers of a provider that rotates arrive, for many rows at once:
 * callers are answered meanwhile, and the new refresh tokens are stored when it is back, also when
 * that takes longer than the lease and another process asks all the time. What cannot be helped:
 * another process that reaches the database, for longer than lease and grace, when the holder does
 * not.
 */
import { outageRound } from '../outage/round.mjs';
import { playSeries } from '../processes/series.mjs';

export const name = 'outage';

const cutOff =
  'the process that had the answer could not reach the database, and the other one could: when ' +
  'lease and grace were over it spent the token again, which revoked the family';

/** @type {(import('../outage/round.mjs').Outage & { fault: string, inherent?: string })[]} */
const outages = [
  { fault: 'server away for 20 s', awayMs: 20_000, whose: 'everybody' },
  { fault: 'server away for 45 s', awayMs: 45_000, whose: 'everybody' },
  { fault: 'away for 20 s, for the holder alone', awayMs: 20_000, whose: 'the holder' },
  {
    fault: 'away for 45 s, for the holder alone',
    awayMs: 45_000,
    whose: 'the holder',
    inherent: cutOff,
  },
  {
    fault: 'the same, reuse is only refused',
    awayMs: 45_000,
    whose: 'the holder',
    lenient: true,
  },
];

/** Real limits; in the short form everything takes a third of its time. */
export function run({ short, progress }) {
  const { rows, ...size } = short
    ? { rows: 10, times: 1, concurrency: 5, limitsDivisor: 3 }
    : { rows: 200, times: 3, concurrency: 5, limitsDivisor: 1 };
  const { limitsDivisor } = size;
  const play = (scene, other, outage) =>
    outageRound(scene, other, { ...outage, rows, limitsDivisor });
  return playSeries({ faults: outages, ...size, play, progress });
}
