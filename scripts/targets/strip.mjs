/** Removes symbols, which are a third of a library. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { run } from '../run.mjs';

/** Strips the library in place. @param {string} library */
export function stripped(library) {
  const { command, libraries } = objcopy() ?? { command: 'rust-objcopy' };
  run(command, ['--strip-all', library], { ...(libraries && { LD_LIBRARY_PATH: libraries }) });
  return library;
}

/** The compiler's llvm-strip, which supports every target, and its library path; `undefined` if it has none. */
export function objcopy() {
  const { stdout } = spawnSync('rustc', ['--print', 'sysroot'], { encoding: 'utf8' });
  const libraries = join(stdout.trim(), 'lib');
  const found = readdirSync(join(libraries, 'rustlib'))
    .map((target) => join(libraries, 'rustlib', target, 'bin/rust-objcopy'))
    .find((path) => existsSync(path));
  return found && { command: found, libraries };
}
