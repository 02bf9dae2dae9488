/** zig as a C compiler and linker for every target, installed from PyPI. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { run } from '../run.mjs';

/** The version, and the hash of each wheel. */
const REQUIREMENTS = join(import.meta.dirname, 'zig.txt');

/**
 * Installs it into `folder`, once; returns the folder of its commands. Rejects a wheel with another hash.
 *
 * @param {string} folder
 */
export function installZig(folder) {
  const commands = join(folder, 'bin');
  if (!existsSync(join(commands, 'cargo-zigbuild'))) {
    run('python3', ['-m', 'venv', folder]);
    const checked = ['--only-binary', ':all:', '--require-hashes', '--requirement', REQUIREMENTS];
    run(join(commands, 'pip'), ['install', '--quiet', ...checked]);
  }
  return commands;
}
