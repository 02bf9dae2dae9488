/** Compares the clocks of this machine and of the database. */

import { type Check, ok, problem, warning } from './check';
import type { Facts } from './findings';

/** A larger difference is a warning, in milliseconds. */
const DIFFERENCE_MAX_MS = 5_000;

const seconds = (ms: number): string => `${(Math.abs(ms) / 1_000).toFixed(1)} s`;

/** The database's clock decides leases and expiry; old instances of a mixed fleet use their own. */
export function clockCheck({ aheadMs, roundTripMs }: Facts['clock'], isMixedFleet: boolean): Check {
  const id = 'database.clock';
  const errorMs = roundTripMs / 2;
  const values = { aheadMs: Math.round(aheadMs), errorMs: Math.ceil(errorMs) };
  if (Math.abs(aheadMs) - errorMs <= DIFFERENCE_MAX_MS) {
    const exact = `${Math.ceil(Math.abs(aheadMs) + errorMs)} ms`;
    return ok(
      id,
      `The clocks of this machine and of the database differ by at most ${exact}.`,
      values,
    );
  }
  const found = `The clock of the database is ${seconds(aheadMs)} ${aheadMs > 0 ? 'ahead of' : 'behind'} this machine’s.`;
  const fix = 'Synchronize both machines with NTP.';
  return isMixedFleet
    ? problem(
        id,
        `${found} Old instances of a mixed fleet take leases by their own clock: they may refresh a token that another instance is refreshing.`,
        fix,
        values,
      )
    : warning(
        id,
        `${found} tokenkeep uses the clock of the database. TLS certificates, signatures and the application’s own comparisons use this machine’s.`,
        fix,
        values,
      );
}
