import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from '../library.mjs';

/** The version of an installed package. @param {string} name */
export function versionOf(name) {
  const manifest = join(root, 'node_modules', name, 'package.json');
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}
