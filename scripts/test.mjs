// Every test that needs only Rust and Node: the core, the public behaviour, and jest's realms, on
// one PostgreSQL of its own (or DATABASE_URL).
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
if (!options.built) run(process.execPath, ['scripts/build.mjs']);
const server = await openDatabase();
console.log(`Testing on ${server.version}\n`);
if (options.only !== 'javascript') {
  const rust = { TOKENKEEP_TEST_DATABASE_URL: server.url };
  run('cargo', ['test', '--no-default-features'], rust);
}
if (options.only !== 'core') {
  // From here on each suite takes this server for its own.
  const javascript = { DATABASE_URL: server.url };
  runBin('vitest', 'vitest', ['run'], javascript);
  runBin('jest', 'jest', ['--config', '__test__/jest/jest.config.json'], javascript);
}
await server.stop();

/** What was asked for; `undefined` when it makes no sense. */
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
