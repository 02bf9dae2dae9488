/** The tarballs that are published, and their hashes. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Packs each folder as npm would publish it, without running its scripts.
 *
 * @param {string[]} folders of packages, in the order in which they are published
 * @param {string} out the folder for the tarballs, recreated; also gets `SHA256SUMS`, in the same
 *   order, for `sha256sum --check`
 * @returns {string[]} the tarballs' paths
 */
export function packTarballs(folders, out) {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const names = folders.map((folder) => npmPack(folder, out));
  const sums = names.map((name) => `${sha256(join(out, name))}  ${name}\n`);
  writeFileSync(join(out, 'SHA256SUMS'), sums.join(''));
  return names.map((name) => join(out, name));
}

/** @param {string} folder of the package @param {string} out @returns {string} the tarball's name in `out` */
export function npmPack(folder, out) {
  const args = [
    'pack',
    '--json',
    '--ignore-scripts',
    '--loglevel=error',
    '--pack-destination',
    out,
  ];
  const options = { cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' };
  return JSON.parse(execFileSync('npm', args, options))[0].filename;
}

function sha256(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
