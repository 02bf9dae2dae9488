import { table } from '../../bench/table.mjs';

/**
 * @typedef {{ name: string, seconds: number, lines: import('./run.mjs').Line[], thrown?: string }} Result
 */

/** @param {Result} result */
export function failed({ lines, thrown }) {
  return Boolean(thrown) || lines.length === 0 || !lines.every(isWell);
}

/** The text for people. @param {Result} result */
export function report({ name, seconds, lines, thrown }) {
  const rows = lines.map((line) => [
    line.server,
    line.mode,
    `${line.passed} of ${line.tests}`,
    isWell(line) ? '' : 'FAILED',
  ]);
  const parts = [table([`${name}, ${seconds} s`, 'mode', 'tests passed', ''], rows)];
  for (const { mode, timeline } of lines) {
    if (timeline) parts.push(`  ${mode}, in ms since the kill: ${told(timeline)}`);
  }
  if (thrown) parts.push(`  FAILED: ${thrown}`);
  return parts.join('\n');
}

/** @param {Record<string, unknown>} timeline */
function told(timeline) {
  const words = Object.entries(timeline).map(([name, value]) => {
    if (typeof value === 'object') return `${name} ${JSON.stringify(value)}`;
    return `${name} ${Math.round(Number(value))}`;
  });
  return words.join(', ');
}

/** @param {import('./run.mjs').Line} line */
function isWell({ passed, tests }) {
  return tests > 0 && passed === tests;
}
