// What CI runs for a pull request, in the order that fails fastest: lints, types and the package, then
// the core's tests, then those in JavaScript. CI runs the latter on every supported Node.
import { spawnSync } from 'node:child_process';
import { run } from './run.mjs';

// Not needed to work on tokenkeep: without it CI is the first to look.
const hasCargoDeny = spawnSync('cargo', ['deny', '--version'], { stdio: 'ignore' }).status === 0;

run(process.execPath, ['scripts/check.mjs']);
if (hasCargoDeny) run(process.execPath, ['scripts/supply-chain.mjs']);
run(process.execPath, ['scripts/test.mjs', '--built', '--only', 'core']);
run(process.execPath, ['scripts/test.mjs', '--built', '--only', 'javascript']);
if (!hasCargoDeny) console.log('Not run, as cargo-deny is not installed: check:supply-chain');
