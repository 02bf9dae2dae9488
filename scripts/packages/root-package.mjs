/** The root package, as an application gets it: what a checkout has beside that stays out. */
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What npm adds to every package. */
const ALWAYS = ['README.md', 'LICENSE'];

/**
 * Copies its files, but for addons.
 *
 * @param {string} checkout @param {string} folder made for them
 * @returns {Record<string, any>} its manifest, which is still to be written there
 */
export function copyRootPackage(checkout, folder) {
  mkdirSync(folder, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
  // A checkout that is packed as it is has its addon in it.
  manifest.files = manifest.files.filter((name) => name !== '*.node');
  for (const name of [...manifest.files, ...ALWAYS]) {
    cpSync(join(checkout, name), join(folder, name), { recursive: true });
  }
  // Nobody builds or tests what is installed.
  delete manifest.devDependencies;
  delete manifest.scripts;
  delete manifest.overrides;
  return manifest;
}
