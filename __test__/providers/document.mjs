/** docs/providers-tested.md, whose table a run writes. */
import { matrixOf } from './report.mjs';

const BEGIN = '<!-- written by npm run test:providers -- --write -->';
const END = '<!-- end -->';

/**
 * The document with the matrix of a run. A server that the run left out keeps its line.
 *
 * @param {string} document as it is
 * @param {import('./report.mjs').Result[]} results
 */
export function documentWith(document, results) {
  const [before, rest] = document.split(BEGIN);
  const [old, after] = rest.split(END);
  const { head, rows } = matrixOf(results);
  const lines = new Map([...linesOf(old), ...rows.map((row) => [row[0], lineOf(row)])]);
  const sorted = [...lines.keys()].sort().map((name) => lines.get(name));
  const table = [lineOf(head), lineOf(head.map(() => '---')), ...sorted].join('\n');
  return `${before}${BEGIN}\n\n${table}\n\n${END}${after}`;
}

function lineOf(cells) {
  return `| ${cells.join(' | ')} |`;
}

/** The servers of a table, by name. @returns {[string, string][]} */
function linesOf(table) {
  const lines = table.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(2).map((line) => [line.split(' | ')[0].slice(2), line]);
}
