import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** The path of a file of the examples. @param {string} path */
export const folder = (path) => fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));

/** What an example gets of tokenkeep: when one of these was made anew, it is installed anew. */
const BUILT = [
  'package.json',
  'native.js',
  'dist/index.js',
  'dist/http/index.js',
  'dist/testing/index.js',
];

/** Installs an example, unless it is as it would be; and builds it. Gives whether it has tests. */
export async function prepare(name, say) {
  const stamp = folder(`${name}/node_modules/.installed`);
  const wanted = await fingerprint(name);
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

async function fingerprint(name) {
  const hash = createHash('sha256').update(await readFile(folder(`${name}/package-lock.json`)));
  for (const file of BUILT) {
    const { mtimeMs } = await stat(new URL(`../../${file}`, import.meta.url));
    hash.update(` ${mtimeMs}`);
  }
  return hash.digest('hex');
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
