/** Installs servers, as their folders in `servers/` pin them, into target/providers. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { command } from '../consumers/consumer.mjs';

const servers = join(import.meta.dirname, 'servers');
const target = join(import.meta.dirname, '../../target/providers');

/**
 * From npm, exactly as the lock file says. Also copies the server's own scripts beside the packages, where
 * they find them.
 *
 * @param {string} name of the folder in `servers/`
 * @returns {Promise<string>} the folder that it is installed into
 */
export async function installNpm(name) {
  const folder = await copied(name);
  await cp(join(servers, 'node.mjs'), join(folder, 'node.mjs'));
  const lock = join(folder, 'package-lock.json');
  await unlessDone(folder, lock, async () => {
    await command('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
  });
  return folder;
}

/**
 * From PyPI into an environment of its own, each package with its hash.
 *
 * @param {string} name of the folder in `servers/`
 * @returns {Promise<{ folder: string, python: string }>}
 */
export async function installPip(name) {
  const folder = await copied(name);
  const python = join(folder, 'venv/bin/python');
  const requirements = join(folder, 'requirements.txt');
  await unlessDone(folder, requirements, async () => {
    await rm(join(folder, 'venv'), { recursive: true, force: true });
    await command('python3', ['-m', 'venv', 'venv'], { cwd: folder });
    const checked = ['--only-binary', ':all:', '--no-deps', '--require-hashes'];
    const args = ['-m', 'pip', 'install', '--quiet', ...checked, '--requirement', requirements];
    await command(python, args, { cwd: folder });
  });
  return { folder, python };
}

/**
 * Throws if Debian's packages are not installed.
 *
 * @param {string[]} packages
 * @param {string[]} files of theirs that are needed
 */
export function requireDebian(packages, files) {
  const missing = files.filter((file) => !existsSync(file));
  if (missing.length === 0) return;
  const install = `apt-get install --yes --no-install-recommends ${packages.join(' ')}`;
  throw new Error(`${missing.join(', ')} is missing. Install it first: ${install}`);
}

/** The folder of a server in target/providers, with the newest form of its files. */
async function copied(name) {
  const folder = join(target, name);
  await mkdir(folder, { recursive: true });
  await cp(join(servers, name), folder, { recursive: true });
  return folder;
}

/** Installs, unless that was done with the same lock file. */
async function unlessDone(folder, lock, install) {
  const mark = join(folder, '.installed');
  const wanted = await readFile(lock, 'utf8');
  if (existsSync(mark) && (await readFile(mark, 'utf8')) === wanted) return;
  await rm(mark, { force: true });
  await install();
  await writeFile(mark, wanted);
}

/** The upstream version of an installed package. @param {string} name */
export function debianVersion(name) {
  const args = ['--show', '--showformat', '${source:Upstream-Version}', name];
  return execFileSync('dpkg-query', args, { encoding: 'utf8' });
}
