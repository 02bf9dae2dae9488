/** zig as a C compiler and linker for every target, from Python's registry. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { run } from '../run.mjs';

const PACKAGES = ['cargo-zigbuild==0.24.0', 'ziglang==0.17.0'];

/** Installs it into `folder`, once; gives where its commands are. @param {string} folder */
export function installZig(folder) {
  const commands = join(folder, 'bin');
  if (!existsSync(join(commands, 'cargo-zigbuild'))) {
    run('python3', ['-m', 'venv', folder]);
    run(join(commands, 'pip'), ['install', '--quiet', ...PACKAGES]);
  }
  return commands;
}
