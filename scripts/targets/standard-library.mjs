/** A compiler with a target's standard library: rustup's, or else Debian's. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

import { run } from '../run.mjs';

/**
 * @typedef {object} Compiler
 * @property {string} cargo
 * @property {Record<string, string>} env
 * @property {string[]} args
 */

/** The addon for musl is loaded by a Node that links musl dynamically. */
const DYNAMIC = { RUSTFLAGS: '-C target-feature=-crt-static' };

/** @param {string} triple @returns {Compiler} */
export function standardLibrary(triple) {
  const musl = triple.endsWith('-musl') ? DYNAMIC : {};
  if (hasTarget(triple)) return { cargo: 'cargo', env: musl, args: [] };
  const debian = { RUSTC: '/usr/bin/rustc', CARGO: '/usr/bin/cargo' };
  if (triple === 'aarch64-unknown-linux-gnu') {
    // The library of another architecture can be installed, too.
    run('dpkg', ['--add-architecture', 'arm64']);
    install('rustc-web', 'cargo-web', 'libstd-rust-web-dev:arm64');
    return { cargo: debian.CARGO, env: debian, args: [] };
  }
  // Build it from source, which requires a nightly compiler or RUSTC_BOOTSTRAP.
  install('rustc-web', 'cargo-web', 'rust-web-src');
  return {
    cargo: debian.CARGO,
    env: { ...debian, ...musl, RUSTC_BOOTSTRAP: '1' },
    args: ['-Z', 'build-std=std,panic_unwind'],
  };
}

function hasTarget(triple) {
  const args = ['--print', 'target-libdir', '--target', triple];
  const { status, stdout } = spawnSync('rustc', args, { encoding: 'utf8' });
  return status === 0 && existsSync(stdout.trim());
}

function install(...packages) {
  const missing = packages.filter((name) => {
    const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Status}', name]);
    return stdout?.toString() !== 'installed';
  });
  if (missing.length === 0) return;
  if (process.getuid() !== 0) {
    const names = missing.join(' ');
    throw new Error(`Install, as root: apt-get install ${names}; or: rustup target add`);
  }
  execFileSync('apt-get', ['update', '-q'], { stdio: 'inherit' });
  run('apt-get', ['install', '--yes', '--no-install-recommends', ...missing]);
}
