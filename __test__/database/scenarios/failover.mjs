/** A primary that is lost, on the newest version of PostgreSQL and on the oldest. */
import { installPostgres, majors, versionOf } from '../versions/install.mjs';
import { linesOf, runVitest } from '../vitest.mjs';

export const name = 'failover';

/** @type {import('../../runner/run.mjs').Scenario<import('../report.mjs').Line>['run']} */
export async function run({ short, progress }) {
  const config = '--config=__test__/database/vitest.config.mts';
  const some = short ? ['--testNamePattern=the primary first|is not read'] : [];
  const lines = [];
  // The newest is the one that is installed anyway.
  for (const major of short ? majors.slice(-1) : [majors[0], majors.at(-1)]) {
    const folder = major === majors.at(-1) ? undefined : await installPostgres(major);
    const server = `two PostgreSQL ${versionOf(major)}`;
    progress(server);
    const tests = await runVitest([config, '__test__/database/failover', ...some], folder);
    lines.push(...linesOf(tests, ({ title }) => ({ server, mode: title })));
  }
  return lines;
}
