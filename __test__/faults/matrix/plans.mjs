import { kinds, steps } from './steps.mjs';

/**
 * What happens in a round, and to which kind of provider.
 *
 * @typedef {{ faults: import('./steps.mjs').Fault[], rotate: boolean }} Plan
 */

const faults = steps.flatMap(({ step }) => kinds.map((kind) => ({ step, kind })));

/** Every fault alone. */
export const singles = withProviders(faults.map((fault) => [fault]));

/** Every two faults. Of two at the same step either may be the first. */
export const pairs = withProviders(
  faults.flatMap((first, index) =>
    faults
      .filter((second, other) => other >= index || second.step === first.step)
      .map((second) => [first, second]),
  ),
);

/**
 * Whether an answer of a provider that rotates is lost, so that a row stays in doubt until the
 * unknown-outcome limit.
 *
 * @param {Plan} plan
 */
export function isLong({ faults: chosen, rotate }) {
  return rotate && chosen.some(({ step, kind }) => step === 'request' && !kind.endsWith('before'));
}

/** @returns {Plan[]} */
function withProviders(all) {
  return all.flatMap((chosen) => [true, false].map((rotate) => ({ faults: chosen, rotate })));
}
