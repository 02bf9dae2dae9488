/** What is built in a checkout of tokenkeep, this one or that of `--against`. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { root } from './library.mjs';

/** A release build has about 5 MB, a debug build more than 40. */
const debugMinBytes = 20 * 1_000_000;

/** Nothing can be measured, and the message says why. */
export class Unusable extends Error {}

/**
 * The addon that is loaded; undefined if none was built. Judged by its size, as old checkouts have no record
 * of their build.
 *
 * @param {string} [checkout]
 */
export function addonOf(checkout = root) {
  const prefix = `tokenkeep.${process.platform}-${process.arch}`;
  const file = readdirSync(checkout).find(
    (name) => name.startsWith(prefix) && name.endsWith('.node'),
  );
  if (!file) return undefined;
  const bytes = statSync(join(checkout, file)).size;
  return { file, megabytes: Math.round(bytes / 1e5) / 10, debug: bytes > debugMinBytes };
}

/** The commit, with a plus sign if tracked files differ from it; undefined without git. @param {string} [checkout] */
export function commitOf(checkout = root) {
  const git = (...args) =>
    execFileSync('git', ['-C', checkout, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no');
    return `${git('rev-parse', '--short', 'HEAD')}${changed ? '+' : ''}`;
  } catch {
    return undefined;
  }
}

/**
 * The checkout of `--against`.
 *
 * @typedef {object} Older
 * @property {string} path
 * @property {string | undefined} commit
 * @property {NonNullable<ReturnType<typeof addonOf>>} addon
 *
 * @param {string} folder
 * @returns {Older}
 */
export function olderCheckout(folder) {
  const path = resolve(folder);
  if (nameOf(path) !== 'tokenkeep')
    throw new Unusable(`--against: ${path} is no checkout of tokenkeep`);
  if (realpathSync(path) === realpathSync(root)) {
    throw new Unusable(`--against: ${path} is this checkout itself`);
  }
  const addon = addonOf(path);
  if (!addon || !existsSync(join(path, 'dist/index.js'))) {
    throw new Unusable(`--against: ${path} is not built. Run there: npm ci && npm run build`);
  }
  return { path, commit: commitOf(path), addon };
}

function nameOf(path) {
  const manifest = join(path, 'package.json');
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).name : undefined;
}
