/** What a check saw, as tables: one a server, and the matrix of all. */
import { table } from '../../bench/table.mjs';
import { reportOf } from '../runner/report.mjs';

/**
 * A line of a server's table.
 *
 * @typedef {object} Line
 * @property {string} check
 * @property {string} seen in a few words
 * @property {string} expected the same words, unless the check has failed
 */

/** @typedef {import('../runner/report.mjs').Result<Line>} Result */

/** @type {import('../runner/report.mjs').Report<Line>} */
export const report = {
  ...reportOf({
    head: ['seen', 'expected'],
    cells: ({ check, seen, expected }) => [check, seen, seen === expected ? '' : expected],
    isGood: ({ seen, expected }) => seen === expected,
    notes: () => [],
  }),
  summary: (results) => {
    const { head, rows } = matrixOf(results);
    return table(head, rows);
  },
};

/**
 * One line a server, one column a check.
 *
 * @param {Result[]} results
 * @returns {{ head: string[], rows: string[][] }}
 */
export function matrixOf(results) {
  const checks = [...new Set(results.flatMap(({ lines }) => lines.map(({ check }) => check)))];
  const rows = results.map(({ name, lines }) => {
    const seen = new Map(
      lines.map((line) => [line.check, line.seen === line.expected ? line.seen : 'FAILED']),
    );
    return [name, ...checks.map((check) => seen.get(check) ?? 'not run')];
  });
  return { head: ['server', ...checks], rows };
}
