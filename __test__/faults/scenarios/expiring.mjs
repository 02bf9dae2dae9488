/**
 * Two workers refresh tokens that run out soon, and one is killed in the middle: every row is
 * refreshed all the same, those of the dead worker by the other one, after the lease.
 */
import { expiringRound } from '../expiring/round.mjs';

export const name = 'expiring';

/** @param {{ short: boolean, progress: (text: string) => void }} options */
export async function run({ short, progress }) {
  const size = short
    ? { rows: 600, limitsDivisor: 5, concurrency: 16 }
    : { rows: 20_000, limitsDivisor: 1, concurrency: 32 };
  return [{ fault: 'one of two workers killed', ...(await expiringRound(size, progress)) }];
}
