/** Varies the order in each round, so that none is always first or always after the same other. */
export function rotate(names, round) {
  const first = round % names.length;
  return [...names.slice(first), ...names.slice(0, first)];
}
