/** PgBouncer, older and newer, in transaction mode and in session mode. */
import { linesOf, runVitest } from '../vitest.mjs';

export const name = 'poolers';

/** @type {import('../../runner/run.mjs').Scenario<import('../report.mjs').Line>['run']} */
export async function run({ short }) {
  const config = '--config=__test__/database/vitest.config.mts';
  const some = short ? ['--testNamePattern=transaction mode'] : [];
  const tests = await runVitest([config, '__test__/database/poolers', ...some]);
  return linesOf(tests, ({ group }) => {
    const [server, ...mode] = group.split(', ');
    return { server, mode: mode.join(', ') };
  });
}
