/** One consumer: a copy of its folder, installed from the local registry, and what it runs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { machine } from './machines.mjs';

const apps = join(import.meta.dirname, 'apps');
const machines = join(import.meta.dirname, '../../target/machines');

/**
 * What `package.json` says of a consumer, under `consumer`.
 *
 * @typedef {object} Told
 * @property {'pnpm' | 'npm'} manager
 * @property {string[]} [install] further arguments of the installation
 * @property {string} [shows] the dependency whose version is shown
 * @property {boolean} [short] whether it is part of the short form
 * @property {string} [platform] of another machine than this one; it is run there if that is published
 * @property {boolean} [scripts] whether a dependency's install scripts are run; ours has none
 */

export class Consumer {
  /** @param {string} name */
  constructor(name) {
    this.name = name;
    this.manifest = JSON.parse(readFileSync(join(apps, name, 'package.json'), 'utf8'));
    /** @type {Told} */
    this.told = this.manifest.consumer;
  }

  /**
   * @param {{ work: string, tools: string, registry: import('./registry.mjs').Registry,
   *   env: Record<string, string> }} setting
   */
  async run({ work, tools, registry, env }) {
    const folder = join(work, this.name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    cpSync(join(apps, this.name), folder, { recursive: true });
    cpSync(join(apps, '../job'), join(folder, 'job'), { recursive: true });
    writeFileSync(join(folder, '.npmrc'), registry.npmrc);
    await this.#install(folder, work, tools);
    const installed = JSON.parse(
      readFileSync(join(folder, 'node_modules/tokenkeep/package.json'), 'utf8'),
    );
    const { platform } = this.told;
    const elsewhere = platform ? { JOB_NODE: JSON.stringify(machine(platform, machines)) } : {};
    const took = performance.now();
    const told = { cwd: folder, env: { ...env, ...elsewhere } };
    const output = await command('npm', ['run', '--silent', 'check'], told);
    const [, elsewhereIs] = /^done on (.*)$/m.exec(output) ?? [];
    return {
      version: elsewhereIs ?? this.#version(folder),
      installed: installed.version,
      seconds: (performance.now() - took) / 1_000,
    };
  }

  async #install(folder, work, tools) {
    const { manager, install = [], scripts } = this.told;
    const more = scripts ? install : [...install, '--ignore-scripts'];
    if (manager === 'npm') {
      const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', ...more];
      await command('npm', args, { cwd: folder });
      return;
    }
    const pnpm = join(tools, 'node_modules/pnpm/bin/pnpm.mjs');
    const store = ['--store-dir', join(work, '.store'), '--reporter=append-only'];
    await command(process.execPath, [pnpm, 'install', ...store, ...more], { cwd: folder });
  }

  #version(folder) {
    const { shows } = this.told;
    if (!shows) return `Node ${process.versions.node}`;
    const manifest = join(folder, 'node_modules', shows, 'package.json');
    return `${shows} ${JSON.parse(readFileSync(manifest, 'utf8')).version}`;
  }
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
