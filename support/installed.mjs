/** An application that has installed tokenkeep and one major of Effect: a folder of its own. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** @typedef {'v3' | 'v4'} Version */

/** The majors, and the packages that they are here. @type {Record<Version, string>} */
const PACKAGES = { v3: 'effect3', v4: 'effect' };

/** @param {Version} version */
export function installWithEffect(version) {
  const folder = mkdtempSync(join(tmpdir(), `tokenkeep-effect-${version}-`));
  const modules = join(folder, 'node_modules');
  const installed = join(modules, 'tokenkeep');
  // Under node_modules vitest leaves modules as they are.
  const application = join(modules, 'application');
  mkdirSync(installed, { recursive: true });
  mkdirSync(application);
  for (const name of ['package.json', 'dist', 'native.js', 'migrations']) {
    cpSync(join(root, name), join(installed, name), { recursive: true });
  }
  for (const name of readdirSync(root).filter((file) => file.endsWith('.node'))) {
    symlinkSync(join(root, name), join(installed, name));
  }
  symlinkSync(join(root, 'node_modules', PACKAGES[version]), join(modules, 'effect'), 'junction');
  return {
    /** The application's own modules. */
    application,
    /** Copies a module to them. @param {string} path */
    copy(path) {
      const copied = join(application, basename(path));
      cpSync(path, copied);
      return copied;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
