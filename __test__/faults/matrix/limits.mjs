/** How long a fault takes, next to the limits of src/config.rs. */

const LEASE_MS = 30_000;
const GRACE_MS = 5_000;
const HTTP_MS = 15_000;
const STATEMENT_MS = 7_000;
const COMMIT_MS = 1_500;

/** By so much a statement's own limit is exceeded by the client, which waits a little longer. */
const BEYOND = 1.5;

/**
 * A delay after which nobody waits for the answer any more: right after its sender has given up, or,
 * `long`, after somebody else could take over.
 *
 * @param {import('./steps.mjs').Step} step
 * @param {number} divisor of the limits
 * @param {boolean} long
 */
export function lateMs(step, divisor, long) {
  return (BEYOND * (long ? LEASE_MS + GRACE_MS : limitOf(step))) / divisor;
}

function limitOf(step) {
  if (step === 'request') return HTTP_MS;
  return step === 'commit' || step === 'second read' ? COMMIT_MS : STATEMENT_MS;
}
