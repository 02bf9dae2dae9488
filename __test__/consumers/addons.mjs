/** What was built last, made small: nine tenths of a debug build are for debuggers, and cost minutes to pack. */
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { objcopy, stripped } from '../../scripts/targets/strip.mjs';

/**
 * Copies the addons of a checkout, stripped where the compiler has brought the tool for that along.
 *
 * @param {string} checkout @param {string} folder made anew
 * @returns {string} the folder
 */
export function lean(checkout, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(checkout).filter((each) => each.endsWith('.node'))) {
    cpSync(join(checkout, name), join(folder, name));
    if (process.platform === 'linux' && objcopy()) stripped(join(folder, name));
  }
  return folder;
}
