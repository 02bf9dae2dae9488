/** The root package as it is published, without other files of the checkout. */
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files that npm adds to every package. */
const ALWAYS = ['README.md', 'LICENSE'];

/**
 * Copies its files, except addons.
 *
 * @param {string} checkout @param {string} folder is created
 * @returns {Record<string, any>} its manifest, which the caller must write
 */
export function copyRootPackage(checkout, folder) {
  mkdirSync(folder, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
  // A checkout contains an addon.
  manifest.files = manifest.files.filter((name) => name !== '*.node');
  for (const name of [...manifest.files, ...ALWAYS]) {
    cpSync(join(checkout, name), join(folder, name), { recursive: true });
  }
  // An installed package is neither built nor tested.
  delete manifest.devDependencies;
  delete manifest.scripts;
  delete manifest.overrides;
  return manifest;
}
