import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { runAs } from './binaries.mjs';

const watchdogFile = fileURLToPath(new URL('./watchdog.mjs', import.meta.url));
const longestSocketPath = process.platform === 'darwin' ? 103 : 107;

/**
 * @typedef {object} ServerDirectory
 * @property {string} root the server's working directory, which only its account may enter
 * @property {string} data the cluster
 * @property {string} log
 * @property {string | undefined} sockets where its unix socket can be, if it can have one
 * @property {() => Promise<void>} remove
 * @property {() => Promise<void>} abandon remove it, and stop the server in it if one is running
 */

/**
 * A temporary directory for a server. From now on a watchdog holds a pipe to this process: when it
 * closes, the server in the directory is stopped and the directory removed.
 *
 * @param {import('./binaries.mjs').Account} [account]
 * @returns {ServerDirectory}
 */
export function makeDirectory(account) {
  const root = privateDirectory(account);
  const data = path.join(root, 'data');
  const watchdog = watch(root, path.join(data, 'postmaster.pid'));
  return {
    root,
    data,
    log: path.join(root, 'server.log'),
    sockets: socketsFit(root) ? root : undefined,
    remove: async () => {
      fs.rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
      await ended(watchdog, () => watchdog.kill('SIGKILL'));
    },
    abandon: () => ended(watchdog, () => watchdog.stdin.end()),
  };
}

/** In the first place that the account can reach: TMPDIR may be under a private home. */
function privateDirectory(account) {
  for (const parent of new Set([os.tmpdir(), '/tmp', '/var/tmp'])) {
    if (!fs.existsSync(parent)) continue;
    // mkdtemp never takes over a directory that somebody else made: this one is ours, mode 0700.
    const directory = fs.mkdtempSync(path.join(fs.realpathSync(parent), 'tokenkeep-pg-'));
    if (!account) return directory;
    fs.chownSync(directory, account.uid, account.gid);
    const look = spawnSync('ls', [directory], { ...runAs(account), cwd: '/', encoding: 'utf8' });
    if (look.status === 0) return directory;
    fs.rmdirSync(directory);
    if (look.error) throw look.error;
  }
  throw new Error('There is no temporary directory that "nobody", who runs PostgreSQL, can use.');
}

function socketsFit(directory) {
  const longest = path.join(directory, '.s.PGSQL.65535');
  return process.platform !== 'win32' && Buffer.byteLength(longest) <= longestSocketPath;
}

function watch(directory, pidFile) {
  const child = spawn(process.execPath, [watchdogFile, directory, pidFile], {
    cwd: os.tmpdir(),
    // A session of its own: a terminal sends Ctrl-C to the whole process group.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    windowsHide: true,
  });
  child.unref();
  child.stdin.unref();
  child.stdin.on('error', () => {});
  return child;
}

async function ended(child, tell) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  tell();
  await once(child, 'exit');
}
