/** The package managers: how each is run, installs what a manifest names, and adds a package. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {object} Setting
 * @property {string} work for caches: what a machine's own has of an older tarball is no part of a test
 * @property {string} tools where the managers are installed
 * @property {string} registry the URL
 */

/**
 * @typedef {object} Manager
 * @property {(setting: Setting) => string[]} command
 * @property {string[]} install the arguments that install what the manifest names
 * @property {string[]} add the arguments that add a package, which follows
 * @property {string} [ignoreScripts] the argument that keeps install scripts from running
 * @property {string[]} [run] the arguments that run a script, which follows; otherwise npm does
 * @property {(setting: Setting) => Record<string, string>} [env]
 * @property {(folder: string) => void} [prepare] writes its settings beside the manifest
 */

const berry = (nodeLinker) => ({
  command: ({ tools }) => [process.execPath, join(tools, '@yarnpkg/cli-dist/bin/yarn.js')],
  install: ['install'],
  add: ['add'],
  run: ['run'],
  env: ({ work, registry }) => ({
    YARN_NODE_LINKER: nodeLinker,
    YARN_NPM_REGISTRY_SERVER: registry,
    YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
    YARN_GLOBAL_FOLDER: join(work, '.yarn'),
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
    YARN_ENABLE_SCRIPTS: 'false',
    YARN_ENABLE_TELEMETRY: 'false',
  }),
  // Without it a folder further up is taken for the project.
  prepare: (folder) => writeFileSync(join(folder, 'yarn.lock'), ''),
});

const npm = ['--no-audit', '--no-fund', '--loglevel=error'];

/** @type {Record<string, Manager>} */
export const MANAGERS = {
  npm: {
    command: () => ['npm'],
    install: ['install', ...npm],
    add: ['install', ...npm],
    ignoreScripts: '--ignore-scripts',
  },
  pnpm: {
    command: ({ tools, work }) => [
      process.execPath,
      join(tools, 'pnpm/bin/pnpm.mjs'),
      '--store-dir',
      join(work, '.store'),
      '--reporter=append-only',
    ],
    install: ['install'],
    add: ['add'],
    ignoreScripts: '--ignore-scripts',
  },
  'yarn-classic': {
    command: ({ tools }) => [process.execPath, join(tools, 'yarn/bin/yarn.js')],
    install: ['install', '--non-interactive'],
    add: ['add', '--non-interactive'],
    ignoreScripts: '--ignore-scripts',
    env: ({ work }) => ({ YARN_CACHE_FOLDER: join(work, '.yarn-classic') }),
  },
  yarn: berry('node-modules'),
  'yarn-pnp': berry('pnp'),
  bun: {
    command: ({ tools }) => [bun(tools)],
    install: ['install'],
    add: ['add'],
    ignoreScripts: '--ignore-scripts',
    env: ({ work }) => ({ BUN_INSTALL_CACHE_DIR: join(work, '.bun') }),
  },
};

/** Its package for this machine: there may be one for older processors, too. */
function bun(tools) {
  const folder = join(tools, '@oven');
  const [found] = readdirSync(folder)
    .map((name) => join(folder, name, 'bin/bun'))
    .filter((path) => existsSync(path))
    .sort();
  if (!found) throw new Error(`There is no bun in ${folder}`);
  return found;
}
