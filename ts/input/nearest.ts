/** Suggests the name that a mistyped one was meant to be. */

/** ` Did you mean …?` when one of the names is near enough, else nothing. */
export function didYouMean(typed: string, names: readonly string[]): string {
  const name = nearest(typed, names);
  return name === undefined ? '' : `. Did you mean '${name}'?`;
}

/** The name with the fewest changes, at most one in three characters; else one that contains it. */
export function nearest(typed: string, names: readonly string[]): string | undefined {
  const word = typed.replace(/^-+/, '');
  const ranked = names
    .map((name) => ({ name, changes: distance(word, name.replace(/^-+/, '')) }))
    .sort((a, b) => a.changes - b.changes);
  const [best] = ranked;
  if (best && best.changes <= Math.ceil(word.length / 3)) return best.name;
  const part = word.toLowerCase();
  return part.length > 2 ? names.find((name) => name.toLowerCase().includes(part)) : undefined;
}

/** The Levenshtein distance: how many characters have to be inserted, deleted or replaced. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
