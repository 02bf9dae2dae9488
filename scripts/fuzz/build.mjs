// Builds the fuzz targets with stable Rust: LLVM's SanitizerCoverage, which guides libFuzzer, and
// AddressSanitizer.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

import { root, run } from '../run.mjs';

/** The crate with the targets. */
export const crate = join(root, '__test__/fuzz');
/** The output folder. */
export const output = join(root, 'target/fuzz');

const coverage = [
  '-Cpasses=sancov-module',
  '-Cllvm-args=-sanitizer-coverage-level=4',
  '-Cllvm-args=-sanitizer-coverage-inline-8bit-counters',
  '-Cllvm-args=-sanitizer-coverage-pc-table',
  '-Cllvm-args=-sanitizer-coverage-trace-compares',
  // Merged branches could not be distinguished.
  '-Cllvm-args=-simplifycfg-branch-fold-threshold=0',
];

/** The names of all targets. */
export function targets() {
  const files = readdirSync(join(crate, 'targets'));
  return files.map((file) => basename(file, '.rs')).sort();
}

/** Builds these targets; returns the folder of the binaries. */
export function build(names) {
  const compiler = process.env.CXX ?? 'c++';
  if (spawnSync(compiler, ['--version']).status !== 0) {
    console.error(`libFuzzer needs a C++ compiler, but ${compiler} was not found. Install g++`);
    process.exit(1);
  }
  run('cargo', ['--version']);
  const host = /^host: (.*)$/m.exec(ask('rustc', ['-vV']))[1];
  const flags = [...coverage, ...sanitizer(), process.env.RUSTFLAGS ?? ''];
  const manifest = ['--manifest-path', join(crate, 'Cargo.toml')];
  // With --target, build scripts and macros are not instrumented.
  const where = ['--target', host, '--target-dir', output];
  const bins = names.flatMap((name) => ['--bin', name]);
  // Allows -Z with a stable compiler.
  const env = { RUSTFLAGS: flags.join(' ').trim(), RUSTC_BOOTSTRAP: '1' };
  run('cargo', ['build', '--release', ...manifest, ...where, ...bins], env);
  return join(output, host, 'release');
}

/** AddressSanitizer, if this Rust includes its runtime. */
function sanitizer() {
  const libraries = readdirSync(ask('rustc', ['--print', 'target-libdir']).trim());
  if (libraries.some((file) => /rt\.asan\.(a|dylib)$/.test(file))) return ['-Zsanitizer=address'];
  console.log('This Rust has no AddressSanitizer: fuzzing without it');
  return [];
}

function ask(command, args) {
  return spawnSync(command, args, { cwd: root, encoding: 'utf8' }).stdout;
}
