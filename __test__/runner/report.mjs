/** The table that a scenario's lines make, and whether the scenario failed. */
import { table } from '../../bench/table.mjs';

/**
 * What a scenario gave.
 *
 * @template Line
 * @typedef {object} Result
 * @property {string} name
 * @property {number} seconds
 * @property {Line[]} lines
 * @property {string} [thrown] the stack of what the scenario threw
 */

/**
 * @template Line
 * @typedef {object} Report
 * @property {(result: Result<Line>) => boolean} hasFailed a scenario without lines has failed, too
 * @property {(result: Result<Line>) => string} text the table, for people
 * @property {(results: Result<Line>[]) => string} [summary] what stands below all tables
 */

/**
 * @template Line
 * @param {object} form
 * @param {string[]} form.head the columns, after the first, which names the scenario
 * @param {(line: Line) => string[]} form.cells of a line, from the first column on
 * @param {(line: Line) => boolean} form.isGood
 * @param {(lines: Line[]) => string[]} form.notes what stands below the table
 * @returns {Report<Line>}
 */
export function reportOf({ head, cells, isGood, notes }) {
  const hasFailed = ({ lines, thrown }) =>
    Boolean(thrown) || lines.length === 0 || !lines.every(isGood);
  const text = (result) => {
    const { name, seconds, lines, thrown } = result;
    const rows = lines.map((line) => [...cells(line), isGood(line) ? '' : 'FAILED']);
    const parts = [table([`${name}, ${seconds.toFixed(1)} s`, ...head, ''], rows)];
    parts.push(...notes(lines).map((note) => `  ${note}`));
    if (hasFailed(result)) parts.push(`  FAILED${thrown ? `: ${thrown}` : ''}`);
    return parts.join('\n');
  };
  return { hasFailed, text };
}
