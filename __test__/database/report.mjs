import { reportOf } from '../runner/report.mjs';

/**
 * A line of the table: a server, how it is used, and the tests that passed there.
 *
 * @typedef {object} Line
 * @property {string} server
 * @property {string} mode
 * @property {number} passed
 * @property {number} tests
 * @property {Record<string, unknown>} [timeline] of a failover, in ms since the primary was killed
 */

/** @type {import('../runner/report.mjs').Report<Line>} */
export const report = reportOf({
  head: ['mode', 'tests passed'],
  cells: ({ server, mode, passed, tests }) => [server, mode, `${passed} of ${tests}`],
  isGood: ({ passed, tests }) => tests > 0 && passed === tests,
  notes: timelines,
});

/** @param {Line[]} lines */
function timelines(lines) {
  return lines
    .filter(({ timeline }) => timeline)
    .map(({ mode, timeline }) => `${mode}, in ms since the kill: ${timelineText(timeline)}`);
}

/** @param {Record<string, unknown>} timeline */
function timelineText(timeline) {
  const entries = Object.entries(timeline).map(([name, value]) => {
    if (typeof value === 'object') return `${name} ${JSON.stringify(value)}`;
    return `${name} ${Math.round(Number(value))}`;
  });
  return entries.join(', ');
}
