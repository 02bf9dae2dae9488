/** Symbols are a third of a library, and nobody reads them. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { run } from '../run.mjs';

/** The library without symbols, in its place. @param {string} library */
export function stripped(library) {
  run(objcopy(), ['--strip-all', library]);
  return library;
}

/** rustup's, which knows every target. */
function objcopy() {
  const { stdout } = spawnSync('rustc', ['--print', 'sysroot'], { encoding: 'utf8' });
  const libraries = join(stdout.trim(), 'lib/rustlib');
  const found = readdirSync(libraries)
    .map((target) => join(libraries, target, 'bin/rust-objcopy'))
    .find((path) => existsSync(path));
  return found ?? 'rust-objcopy';
}
