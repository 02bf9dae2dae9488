/** PgBouncer's program: the machine's own, and a newer one that is unpacked and never installed. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { unpackDebian } from '../../../support/debian.mjs';

const folder = join(import.meta.dirname, '../../../target/database/pgbouncer');

/** Where Debian has it: only root's PATH has that. */
const INSTALLED = '/usr/sbin/pgbouncer';

/** The package of Debian 13, with what it is linked to. */
const PACKAGES =
  'pgbouncer libc6 libcares2 libevent-2.1-7t64 libpam0g libssl3t64 libsystemd0 ' +
  'libaudit1 libcap-ng0 libcap2 libzstd1 zlib1g';

/**
 * `installed` is what `apt-get install pgbouncer` gave (1.18 on Debian 12, which knows nothing of
 * prepared statements), `current` that of Debian 13 (1.24).
 *
 * @typedef {'installed' | 'current'} Version
 */

/** @type {Version[]} */
export const versions = ['installed', 'current'];

/**
 * How it is run.
 *
 * @param {Version} version
 * @returns {{ command: string[], version: string }} its version as it tells it, such as `1.18.0`
 */
export function findPgBouncer(version) {
  const command = version === 'installed' ? [INSTALLED] : current();
  const [name, ...args] = command;
  const { stdout } = spawnSync(name, [...args, '--version'], { encoding: 'utf8' });
  const told = /^PgBouncer (\S+)/m.exec(stdout ?? '')?.[1];
  if (!told) throw new Error('PgBouncer is not installed: apt-get install pgbouncer');
  return { command, version: told };
}

/** Started by the C library that it was built for. */
function current() {
  const root = join(folder, 'root');
  if (!existsSync(root)) unpackDebian('trixie', PACKAGES.split(' '), folder);
  const libraries = join(root, 'usr/lib/x86_64-linux-gnu');
  const loader = join(libraries, 'ld-linux-x86-64.so.2');
  return [loader, '--library-path', libraries, join(root, 'usr/sbin/pgbouncer')];
}
