/** One consumer: a copy of its folder, installed as an application, and what it runs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { machine } from './machines.mjs';
import { MANAGERS } from './managers.mjs';

const apps = join(import.meta.dirname, 'apps');
const machines = join(import.meta.dirname, '../../target/machines');

/**
 * What `package.json` says of a consumer, under `consumer`.
 *
 * @typedef {object} Told
 * @property {keyof typeof MANAGERS} manager
 * @property {string[]} [install] further arguments of the installation
 * @property {string} [adds] how it adds the tarball of `npm run pack -- --local`, instead of taking what is
 *   published; the words of docs/install.md, from a folder beside the checkout
 * @property {string} [app] the folder of the application in a workspace, which has tokenkeep and the job
 * @property {string[]} [then] what is added afterwards, for a second run
 * @property {string} [shows] the dependency whose version is shown
 * @property {boolean} [short] whether it is part of the short form
 * @property {string} [platform] of another machine than this one; it is run there if that is published
 * @property {boolean} [scripts] whether a dependency's install scripts are run; ours has none
 */

/**
 * @typedef {object} Setting
 * @property {string} work @property {string} tools the modules of the tools
 * @property {import('./registry.mjs').Registry} registry @property {Record<string, string>} env
 */

export class Consumer {
  /** @param {string} name */
  constructor(name) {
    this.name = name;
    this.manifest = JSON.parse(readFileSync(join(apps, name, 'package.json'), 'utf8'));
    /** @type {Told} */
    this.told = this.manifest.consumer;
  }

  /** @param {Setting} setting */
  async run(setting) {
    const { app = '', platform, adds, then } = this.told;
    const folder = join(setting.work, this.name);
    const home = join(folder, app);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    cpSync(join(apps, this.name), folder, { recursive: true });
    cpSync(join(apps, '../job'), join(home, 'job'), { recursive: true });
    writeFileSync(join(folder, '.npmrc'), setting.registry.npmrc);
    await this.#install(folder, setting, adds ? [adds] : []);
    const elsewhere = platform ? { JOB_NODE: JSON.stringify(machine(platform, machines)) } : {};
    const took = performance.now();
    const env = { ...setting.env, ...elsewhere };
    const output = await this.#check(folder, setting, env);
    const [, elsewhereIs] = /^done on (.*)$/m.exec(output) ?? [];
    const seconds = (performance.now() - took) / 1_000;
    const { shows } = this.told;
    const shown = shows ? `${shows} ${versionOf(home, shows)}` : `Node ${process.versions.node}`;
    const installed = versionOf(home, 'tokenkeep');
    if (then) {
      await this.#install(folder, setting, then);
      await this.#check(folder, setting, env);
    }
    return { version: elsewhereIs ?? shown, installed, seconds };
  }

  /** Installs what the manifest names, or adds something to it. */
  async #install(folder, setting, added) {
    const { install = [], scripts } = this.told;
    const { install: all, add, ignoreScripts, prepare } = this.#manager;
    if (!existsSync(join(folder, 'node_modules'))) prepare?.(folder);
    const more = scripts || !ignoreScripts ? install : [...install, ignoreScripts];
    const args = added.length > 0 ? [...add, ...added] : all;
    await this.#run(folder, setting, [...args, ...more]);
  }

  #check(folder, setting, env) {
    const { run } = this.#manager;
    if (run) return this.#run(folder, setting, [...run, 'check'], env);
    return command('npm', ['run', '--silent', 'check'], { cwd: folder, env });
  }

  #run(folder, { work, tools, registry }, args, env = {}) {
    const { command: commandOf, env: envOf } = this.#manager;
    const its = { work, tools, registry: registry.url };
    const [name, ...before] = commandOf(its);
    return command(name, [...before, ...args], { cwd: folder, env: { ...env, ...envOf?.(its) } });
  }

  get #manager() {
    return MANAGERS[this.told.manager];
  }
}

/** What an application has of a package; nothing where there is no folder for modules (Plug'n'Play). */
function versionOf(home, name) {
  const manifest = join(home, 'node_modules', name, 'package.json');
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : '';
}

/** Runs a command; what it has printed is told only when it fails. */
export async function command(name, args, { cwd, env = {} }) {
  const child = spawn(name, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  }
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw new Error(`${name} ${args.join(' ')}: ${signal ?? code}\n${output}`);
  return output;
}
