// All tests that need only Rust and Node: core, JavaScript, and jest's realms, on a PostgreSQL server of their
// own (or DATABASE_URL).
// npm test -- [--built] [--only core|javascript]
import { parseArgs } from 'node:util';
import { openDatabase } from '../support/postgres.mjs';
import { run, runBin } from './run.mjs';

const usage = 'npm test -- [--built] [--only core|javascript]';

const options = readOptions();
if (!options) {
  console.error(usage);
  process.exit(2);
}
// `npm run check` has built, too.
if (!options.built) run(process.execPath, ['scripts/build.mjs', '--keep-release']);
const server = await openDatabase();
console.log(`Testing on ${server.version}\n`);
if (options.only !== 'javascript') {
  const rust = { TOKENKEEP_TEST_DATABASE_URL: server.url };
  run('cargo', ['test', '--no-default-features'], rust);
}
if (options.only !== 'core') {
  // All suites use this server.
  const javascript = { DATABASE_URL: server.url };
  runBin('vitest', 'vitest', ['run'], javascript);
  runBin('jest', 'jest', ['--config', '__test__/jest/jest.config.json'], javascript);
}
await server.stop();

/** The parsed arguments; `undefined` if they are invalid. */
function readOptions() {
  try {
    const { values } = parseArgs({
      options: { built: { type: 'boolean', default: false }, only: { type: 'string' } },
    });
    return [undefined, 'core', 'javascript'].includes(values.only) ? values : undefined;
  } catch {
    return undefined;
  }
}
