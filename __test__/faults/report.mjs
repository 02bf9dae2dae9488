import { table } from '../../bench/table.mjs';

/**
 * @typedef {{ name: string, seconds: number, lines: import('./run.mjs').Line[], thrown?: string }} Result
 */

const head = ['rounds', 'rows', 'lost', 'doubles', 'inherent', 'deletions', 'errors', ''];

/** What must be 0 in every line. */
const counts = /** @type {const} */ (['lost', 'doubles', 'wrongDeletions', 'errors']);

/** @param {Result} result */
export function failed({ lines, thrown }) {
  return Boolean(thrown) || lines.length === 0 || !lines.every(isClean);
}

/** The text for people. @param {Result} result */
export function report(result) {
  const { name, seconds, lines, thrown } = result;
  const title = `${name}, ${seconds} s`;
  const rows = lines.map((line) => [
    line.fault,
    ...[line.rounds, line.rows, line.lost, line.doubles].map(String),
    String(line.inherentCount ?? 0),
    ...[line.wrongDeletions, line.errors].map(String),
    isClean(line) ? '' : 'FAILED',
  ]);
  const parts = [table([title, ...head], rows), ...reasons(lines)];
  if (thrown) parts.push(`  FAILED: ${thrown}`);
  else if (failed(result)) parts.push('  FAILED');
  return parts.join('\n');
}

/** Why what is called inherent is so: each reason once. */
function reasons(lines) {
  const texts = new Set(lines.filter((line) => line.inherentCount).map((line) => line.inherent));
  return [...texts].map((text) => `  inherent: ${text}`);
}

/** Nothing is inherent without a reason. @param {import('./run.mjs').Line} line */
function isClean(line) {
  return counts.every((count) => line[count] === 0) && !(line.inherentCount && !line.inherent);
}
