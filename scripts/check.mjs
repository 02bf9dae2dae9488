// What a reviewer should not have to look for: format, lints, types, the native contract, the comments
// that the API pages are made of, and what npm would pack.
import { run, runBin } from './run.mjs';

runBin('prettier', 'prettier', ['--check', '.']);
runBin('oxlint', 'oxlint', ['--deny-warnings']);
run(process.execPath, ['scripts/links.mjs']);
run('cargo', ['fmt', '--check']);
run('cargo', ['fmt', '--check', '--manifest-path', '__test__/fuzz/Cargo.toml']);
run('cargo', ['clippy', '--', '-D', 'warnings']);
run('cargo', ['clippy', '--no-default-features', '--all-targets', '--', '-D', 'warnings']);
run(process.execPath, ['scripts/build.mjs']);
run('git', ['diff', '--exit-code', '--', 'index.d.ts']);
runBin('typescript', 'tsc', ['-p', 'tsconfig.json']);
run(process.execPath, ['scripts/api.mjs', '--check']);
run(process.execPath, ['scripts/package-check.mjs']);
