/** @typedef {{ median: number, min: number, max: number }} Spread */

/** The median; for an even number of values, the mean of the two in the middle. */
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
 * Ratios within the same round: a temporary load on the machine slows both sides and does not change the ratio.
 *
 * @param {number[]} upper @param {number[]} lower
 */
export function pairedRatios(upper, lower) {
  return spread(upper.map((value, round) => value / lower[round]));
}
