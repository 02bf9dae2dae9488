import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { packLocal } from '../../scripts/packages/local.mjs';
import { lean } from '../consumers/addons.mjs';

/** The path of a file of the examples. @param {string} path */
export const folder = (path) => fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Packs what was built last, where the examples look for it. Gives what tells it from another tarball. */
export async function pack() {
  const addons = lean(root, join(root, 'target/example-addons'));
  return sha256(await readFile(packLocal(root, { from: addons })));
}

/** Installs an example, unless it is as it would be; and builds it. Gives whether it has tests. */
export async function prepare(name, tarball, say) {
  const stamp = folder(`${name}/node_modules/.installed`);
  const wanted = `${tarball} ${sha256(await readFile(folder(`${name}/package-lock.json`)))}`;
  if ((await readFile(stamp, 'utf8').catch(() => '')) !== wanted) {
    run(name, ['ci', '--no-audit', '--no-fund']);
    await writeFile(stamp, wanted);
    say('installed');
  }
  const { scripts } = await manifest(`${name}/package.json`);
  if (scripts.build) {
    run(name, ['run', 'build']);
    say('built');
  }
  return scripts.test !== undefined;
}

/** Runs an example's own tests. @param {string} name */
export function runTests(name) {
  run(name, ['test']);
}

/** The version of the framework that an example is named after. */
export async function versionOf(name) {
  const framework = name.replace('testing-', '');
  const path = `${name}/node_modules/${framework}/package.json`;
  const { version } = await manifest(path).catch(() => ({}));
  return { version };
}

/** @param {string} path */
export async function manifest(path) {
  return JSON.parse(await readFile(folder(path), 'utf8'));
}

function sha256(content) {
  return createHash('sha256').update(content).digest('hex');
}

function run(name, args) {
  const options = {
    cwd: folder(name),
    encoding: 'utf8',
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' },
  };
  const { status, stdout, stderr, error } = spawnSync('npm', args, options);
  if (status !== 0) throw error ?? new Error(`npm ${args.join(' ')}\n${stdout}\n${stderr}`);
}
