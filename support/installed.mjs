/** Applications with tokenkeep installed, each in a folder of its own. */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** @typedef {'v3' | 'v4'} Version */

/** The major versions and their packages. @type {Record<Version, string>} */
const PACKAGES = { v3: 'effect3', v4: 'effect' };

/** @param {Version} version */
export function installWithEffect(version) {
  const folder = mkdtempSync(join(tmpdir(), `tokenkeep-effect-${version}-`));
  const modules = join(folder, 'node_modules');
  const installed = join(modules, 'tokenkeep');
  // vitest does not transform modules below node_modules.
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
    /** Copies a module to the application. @param {string} path */
    copy(path) {
      const copied = join(application, basename(path));
      cpSync(path, copied);
      return copied;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/**
 * An application below which every package is where pnpm puts it, so that it finds only those that it has
 * asked for itself: tokenkeep, and which of tokenkeep's peers it names.
 * @param {{ peers: Record<string, string>, asked: string[] }} options `peers`: what is installed for
 *   tokenkeep under which name, from where; `asked`: what the application itself depends on
 */
export function installAsPnpm({ peers, asked }) {
  // A real path, as a compiler resolves symbolic links, such as those of macOS.
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'tokenkeep-installed-'));
  const modules = join(folder, 'node_modules');
  const beside = join(modules, '.pnpm/tokenkeep@0.1.0/node_modules');
  const link = (from, to) => {
    mkdirSync(dirname(to), { recursive: true });
    symlinkSync(from, to, 'junction');
  };
  for (const name of ['package.json', 'dist', 'native.js', 'index.d.ts']) {
    cpSync(join(root, name), join(beside, 'tokenkeep', name), { recursive: true });
  }
  link(join(beside, 'tokenkeep'), join(modules, 'tokenkeep'));
  for (const [name, from] of Object.entries(peers)) link(from, join(beside, name));
  for (const name of asked)
    link(peers[name] ?? join(root, 'node_modules', name), join(modules, name));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
