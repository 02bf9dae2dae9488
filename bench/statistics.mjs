/** @typedef {{ median: number, min: number, max: number }} Spread */

/** The true median: for an even number of values, between the two in the middle. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @param {number[]} values @returns {Spread} */
export function spread(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** Nearest rank. @param {ArrayLike<number>} sorted */
export function percentile(sorted, share) {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/**
 * Ratios of what was measured in the same round: a machine that is busy for a while slows both
 * sides of a pair, and the ratio stays.
 *
 * @param {number[]} upper @param {number[]} lower
 */
export function pairedRatios(upper, lower) {
  return spread(upper.map((value, round) => value / lower[round]));
}
