/** The clocks of this machine and of the database. */

import { type Check, ok, problem, warning } from './check';
import type { Facts } from './findings';

/** Above this it is worth a word. */
const DIFFERENCE_MAX_MS = 5_000;

const seconds = (ms: number): string => `${(Math.abs(ms) / 1_000).toFixed(1)} s`;

/** The database's clock decides leases and expiry; old instances of a mixed fleet go by their own. */
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
  const found = `The database’s clock is ${seconds(aheadMs)} ${aheadMs > 0 ? 'ahead of' : 'behind'} this machine’s.`;
  const fix = 'Let both machines take their time from NTP.';
  return isMixedFleet
    ? problem(
        id,
        `${found} Old instances of a mixed fleet take leases by their own clock: they may refresh a token that is being refreshed.`,
        fix,
        values,
      )
    : warning(
        id,
        `${found} tokenkeep goes by the database’s; certificates, signatures and expiry dates that the application compares do not.`,
        fix,
        values,
      );
}
