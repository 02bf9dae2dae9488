/**
 * An application that has installed tokenkeep and one major of Effect, with the modules of `v3` or `v4`
 * compiled.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { installWithEffect } from '../../support/installed.mjs';

const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');

/** @typedef {import('../../support/installed.mjs').Version} Version */

/** Type-checks the modules of a major, and compiles them with `--outDir`. @param {Version} version */
export function compile(version, ...options) {
  const args = [tsc, '-p', join(import.meta.dirname, version), ...options];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, stdout };
}

/** @param {Version} version */
export function makeApplication(version) {
  const { application, copy, remove } = installWithEffect(version);
  const compiled = compile(version, '--noEmit', 'false', '--outDir', application);
  if (compiled.status !== 0) throw new Error(compiled.stdout);
  return {
    /** @param {string} name */
    file: (name) => join(application, name),
    /** Copies a script of ours to it. @param {string} name */
    copy: (name) => copy(join(import.meta.dirname, name)),
    remove,
  };
}
