// What a reviewer should not have to look for: lints, format, types, the native contract, the comments
// that the API pages are made of, and what npm would pack. What fails fastest comes first.
import { run, runBin } from './run.mjs';

runBin('oxlint', 'oxlint', ['--deny-warnings']);
run(process.execPath, ['scripts/links.mjs']);
run(process.execPath, ['scripts/lint.mjs']);
run('cargo', ['fmt', '--check']);
run('cargo', ['fmt', '--check', '--manifest-path', '__test__/fuzz/Cargo.toml']);
runBin('prettier', 'prettier', ['--check', '.']);
// The tests' types are those of dist/.
run(process.execPath, ['scripts/build.mjs']);
run(process.execPath, ['scripts/errors.mjs']);
// Both are generated, and committed.
run('git', ['diff', '--exit-code', '--', 'index.d.ts', 'docs/errors.md']);
runBin('typescript', 'tsc', ['-p', 'tsconfig.json']);
run('cargo', ['clippy', '--', '-D', 'warnings']);
run('cargo', ['clippy', '--no-default-features', '--all-targets', '--', '-D', 'warnings']);
run(process.execPath, ['scripts/api.mjs', '--check']);
run(process.execPath, ['scripts/package-check.mjs']);
