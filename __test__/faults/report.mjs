import { reportOf } from '../runner/report.mjs';

/**
 * A line of the table: all rounds with one fault together.
 *
 * @typedef {object} Line
 * @property {string} fault
 * @property {number} rounds
 * @property {number} rows
 * @property {number} lost
 * @property {number} doubles
 * @property {string} inherent '' or why a loss or a double cannot be avoided
 * @property {number} inherentCount
 * @property {number} wrongDeletions
 * @property {number} errors
 */

/** What must be 0 in every line. */
const counts = /** @type {const} */ (['lost', 'doubles', 'wrongDeletions', 'errors']);

/** @type {import('../runner/report.mjs').Report<Line>} */
export const report = reportOf({
  head: ['rounds', 'rows', 'lost', 'doubles', 'inherent', 'deletions', 'errors'],
  cells: (line) => [
    line.fault,
    ...[line.rounds, line.rows, line.lost, line.doubles].map(String),
    String(line.inherentCount ?? 0),
    ...[line.wrongDeletions, line.errors].map(String),
  ],
  isGood,
  notes: reasons,
});

/** Nothing is inherent without a reason. @param {Line} line */
function isGood(line) {
  return counts.every((count) => line[count] === 0) && !(line.inherentCount && !line.inherent);
}

/** Why what is called inherent is so: each reason once. @param {Line[]} lines */
function reasons(lines) {
  const texts = new Set(lines.filter((line) => line.inherentCount).map((line) => line.inherent));
  return [...texts].map((text) => `inherent: ${text}`);
}
