// Lints, format, types, generated files, API comments and the npm package, in the order that fails fastest.
import { run, runBin } from './run.mjs';

runBin('oxlint', 'oxlint', ['--deny-warnings']);
run(process.execPath, ['scripts/links.mjs']);
run(process.execPath, ['scripts/lint.mjs']);
run('cargo', ['fmt', '--check']);
run('cargo', ['fmt', '--check', '--manifest-path', '__test__/fuzz/Cargo.toml']);
runBin('prettier', 'prettier', ['--check', '.']);
// The tests use the types in dist/.
run(process.execPath, ['scripts/build.mjs', '--keep-release']);
run(process.execPath, ['scripts/errors.mjs']);
run(process.execPath, ['scripts/providers.mjs']);
// Generated files that are committed.
run('git', ['diff', '--exit-code', '--', 'index.d.ts', 'docs/errors.md', 'docs/providers.md']);
runBin('typescript', 'tsc', ['-p', 'tsconfig.json']);
run('cargo', ['clippy', '--', '-D', 'warnings']);
run('cargo', ['clippy', '--no-default-features', '--all-targets', '--', '-D', 'warnings']);
run(process.execPath, ['scripts/api.mjs', '--check']);
run(process.execPath, ['scripts/package-check.mjs']);
