/**
 * An application that has installed tokenkeep and one major of Effect: a folder of its own, with the
 * modules of `v3` or `v4` compiled.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname, '../..');
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');

/** @typedef {'v3' | 'v4'} Version */

/** The majors, and the packages that they are here. @type {Record<Version, string>} */
const PACKAGES = { v3: 'effect3', v4: 'effect' };

/** Type-checks the modules of a major, and compiles them with `--outDir`. @param {Version} version */
export function compile(version, ...options) {
  const args = [tsc, '-p', join(import.meta.dirname, version), ...options];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, stdout };
}

/** @param {Version} version */
export function makeApplication(version) {
  const folder = mkdtempSync(join(tmpdir(), `tokenkeep-effect-${version}-`));
  const modules = join(folder, 'node_modules');
  const installed = join(modules, 'tokenkeep');
  mkdirSync(installed, { recursive: true });
  for (const name of ['package.json', 'dist', 'native.js', 'migrations']) {
    cpSync(join(root, name), join(installed, name), { recursive: true });
  }
  for (const name of readdirSync(root).filter((file) => file.endsWith('.node'))) {
    symlinkSync(join(root, name), join(installed, name));
  }
  symlinkSync(join(root, 'node_modules', PACKAGES[version]), join(modules, 'effect'), 'junction');
  // Under node_modules vitest leaves modules as they are.
  const application = join(modules, 'application');
  const compiled = compile(version, '--noEmit', 'false', '--outDir', application);
  if (compiled.status !== 0) throw new Error(compiled.stdout);
  return {
    /** @param {string} name */
    file: (name) => join(application, name),
    /** Copies a script of ours to it. @param {string} name */
    copy(name) {
      const copied = join(application, basename(name));
      cpSync(join(import.meta.dirname, name), copied);
      return copied;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
