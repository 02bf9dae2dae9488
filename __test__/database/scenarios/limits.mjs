/** What a server refuses: each with one error, and nothing half-written. */
import { linesOf, runVitest } from '../vitest.mjs';

export const name = 'limits';

/** @type {import('../../runner/run.mjs').Scenario<import('../report.mjs').Line>['run']} */
export async function run({ short, progress }) {
  const config = '--config=__test__/database/vitest.config.mts';
  const isRoot = process.getuid() === 0;
  // `npm test` has the others.
  const files = short && isRoot ? 'limits/full-disk' : 'limits';
  if (!isRoot) progress('the full disk is left out: only root can mount a small one');
  const rest = isRoot ? [] : ['--exclude=**/full-disk.e2e.ts'];
  const tests = await runVitest([config, `__test__/database/${files}`, ...rest]);
  return linesOf(tests, ({ file }) => ({ server: 'PostgreSQL', mode: file.split('.')[0] }));
}
