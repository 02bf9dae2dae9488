/** Creates the packages to publish in a folder. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { root, runBin } from '../run.mjs';
import { copyRootPackage } from './root-package.mjs';
import { TARGETS } from './targets.mjs';

/**
 * @param {{ addons: string, out: string, repository?: string, all?: boolean }} options `addons`: the
 *   folder with the built `tokenkeep.<platform>.node`; only their packages are created and listed
 *   as optional dependencies; with `all`, none may be missing. `repository`: the one that a provenance
 *   statement names
 * @returns {string[]} the packages' folders; the root package, which depends on the others, is last
 */
export function layOut({ addons, out, repository, all = false }) {
  const built = TARGETS.filter(({ platform }) => existsSync(join(addons, addonFile(platform))));
  if (built.length === 0) throw new Error(`${addons} contains no addon. Run: npm run build`);
  const missing = TARGETS.filter((target) => !built.includes(target));
  if (all && missing.length > 0) {
    const names = missing.map(({ platform }) => platform).join(', ');
    throw new Error(`${addons} lacks these addons: ${names}`);
  }
  rmSync(out, { recursive: true, force: true });
  const folder = join(out, 'tokenkeep');
  const manifest = copyRootPackage(root, folder);
  manifest.napi.targets = built.map(({ triple }) => triple);
  if (repository) manifest.repository = { type: 'git', url: gitUrl(repository) };
  write(join(folder, 'package.json'), manifest);

  // napi works in the root package, from which its output is moved.
  const staged = join(folder, 'addons');
  mkdirSync(staged);
  for (const { platform } of built) {
    cpSync(join(addons, addonFile(platform)), join(staged, addonFile(platform)));
  }
  napi(folder, 'create-npm-dirs');
  napi(folder, 'artifacts', '--output-dir', 'addons');
  napi(folder, 'pre-publish', '--tag-style', 'npm', '--skip-optional-publish', '--no-gh-release');
  rmSync(staged, { recursive: true });
  for (const { platform } of built) rmSync(join(folder, addonFile(platform)), { force: true });
  renameSync(join(folder, 'npm'), join(out, 'platforms'));

  const platforms = readdirSync(join(out, 'platforms')).map((name) => join(out, 'platforms', name));
  for (const platform of platforms) finish(platform, manifest);
  return [...platforms, folder];
}

function napi(folder, command, ...args) {
  runBin('@napi-rs/cli', 'napi', [command, '--cwd', folder, ...args]);
}

/** Fields that napi does not set in a platform's package. */
function finish(folder, { repository }) {
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (repository) manifest.repository = repository;
  write(join(folder, 'package.json'), manifest);
}

function write(path, manifest) {
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
}

/** The repository in the form that npm compares with a provenance statement. @param {string} repository */
function gitUrl(repository) {
  return `git+https://github.com/${repository}.git`;
}

/** The name of a package, from its folder. @param {string} folder */
export function nameOf(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).name;
}

/** @param {string} platform */
export function addonFile(platform) {
  return `tokenkeep.${platform}.node`;
}
