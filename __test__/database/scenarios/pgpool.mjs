/** Pgpool-II with load balancing, whose standby is behind, and a failover of it. */
import { linesOf, runVitest } from '../vitest.mjs';

export const name = 'pgpool';

/** @type {import('../../runner/run.mjs').Scenario<import('../report.mjs').Line>['run']} */
export async function run({ short }) {
  const config = '--config=__test__/database/vitest.config.mts';
  const what = short ? ['/reads', '--testNamePattern=a write_function_list'] : ['/'];
  const [files, ...some] = what;
  const tests = await runVitest([config, `__test__/database/pgpool${files}`, ...some]);
  return linesOf(tests, ({ group }) => {
    const [server, ...mode] = group.split(', ');
    return { server, mode: mode.join(', ') };
  });
}
