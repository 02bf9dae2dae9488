/**
 * Formats rows as columns: the first left-aligned, the others right-aligned.
 *
 * @param {string[]} head @param {string[][]} rows
 */
export function table(head, rows) {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => [...row[column]].length)),
  );
  const line = (row) =>
    row
      .map((text, column) => {
        return column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column]);
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(head), rule, ...rows.map(line)].map((text) => `  ${text}`).join('\n');
}

/** Three significant digits, with separators for thousands. */
export function number(value) {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** @param {import('./statistics.mjs').Spread} ratio */
export function ratioText({ median, min, max }, digits = 1) {
  return `${median.toFixed(digits)}x [${min.toFixed(digits)}-${max.toFixed(digits)}]`;
}

/** The median, with the range if there is one. @param {import('./statistics.mjs').Spread} spread */
export function range({ median, min, max }) {
  const text = (value) => (Number.isInteger(value) ? `${value}` : number(value));
  return min === max ? text(median) : `${text(median)} [${text(min)}-${text(max)}]`;
}
