// Every test that needs only Rust and Node: the core, the public behaviour, and jest's realms, on
// one PostgreSQL of its own (or DATABASE_URL).
import { openDatabase } from '../support/postgres.mjs';
import { run, runBin } from './run.mjs';

run(process.execPath, ['scripts/build.mjs']);
const server = await openDatabase();
console.log(`Testing on ${server.version}\n`);
const rust = { TOKENKEEP_TEST_DATABASE_URL: server.url };
run('cargo', ['test', '--no-default-features'], rust);
// From here on each suite takes this server for its own.
const javascript = { DATABASE_URL: server.url };
runBin('vitest', 'vitest', ['run'], javascript);
runBin('jest', 'jest', ['--config', '__test__/jest/jest.config.json'], javascript);
await server.stop();
