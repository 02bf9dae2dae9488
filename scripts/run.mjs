// Runs commands for the other scripts.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

/** The checkout. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Runs a command in the checkout; exits if it fails. */
export function run(command, args, env = {}) {
  const options = { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } };
  const { status, error } = spawnSync(command, args, options);
  if (error?.code === 'ENOENT' && command === 'cargo') {
    console.error(
      'tokenkeep is built from source here and needs Rust (cargo) 1.88 or newer; install it from rustup.rs',
    );
    process.exit(1);
  }
  if (error) console.error(error.message);
  if (status !== 0) process.exit(status || 1);
}

/** Runs a dependency's command by its file, which works on every operating system. */
export function runBin(dependency, command, args, env) {
  // By path, as not every package exports its manifest.
  const folders = require.resolve.paths(dependency);
  const manifests = folders.map((folder) => join(folder, dependency, 'package.json'));
  const manifest = manifests.find((path) => existsSync(path));
  if (!manifest) throw new Error(`${dependency} is not installed; run npm ci`);
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8'));
  const file = typeof bin === 'string' ? bin : bin[command];
  run(process.execPath, [join(dirname(manifest), file), ...args], env);
}
