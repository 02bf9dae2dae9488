/** The directory of a server, and its removal when this process ends. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import type { Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { ConfigurationError } from '../../errors/errors';
import { type Account, runAs } from './account';

const watchdogFile = path.join(__dirname, 'watchdog.js');
const longestSocketPath = process.platform === 'darwin' ? 103 : 107;

/** A temporary directory for a server. */
export interface ServerDirectory {
  /** The server's working directory, accessible only to its account. */
  root: string;
  /** The data directory of the cluster. */
  data: string;
  log: string;
  /** The directory of its Unix socket; `undefined` if it cannot have one. */
  sockets: string | undefined;
  remove(): Promise<void>;
  /** Removes it, and stops its server if it is running. */
  abandon(): Promise<void>;
}

/**
 * Creates a directory, and a watchdog process with a pipe to this process: when the pipe closes, the watchdog
 * stops the server and removes the directory.
 */
export function makeDirectory(account: Account | undefined): ServerDirectory {
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
    abandon: () => ended(watchdog, () => watchdog.stdin?.end()),
  };
}

/** Creates it where the account has access: TMPDIR may be below a private home directory. */
function privateDirectory(account: Account | undefined): string {
  for (const parent of new Set([os.tmpdir(), '/tmp', '/var/tmp'])) {
    if (!fs.existsSync(parent)) continue;
    // mkdtemp always creates a new directory, with mode 0700.
    const directory = fs.mkdtempSync(path.join(fs.realpathSync(parent), 'tokenkeep-pg-'));
    if (!account) return directory;
    fs.chownSync(directory, account.uid, account.gid);
    const listed = spawnSync('ls', [directory], { ...runAs(account), cwd: '/', encoding: 'utf8' });
    if (listed.status === 0) return directory;
    fs.rmdirSync(directory);
    if (listed.error) throw listed.error;
  }
  throw new ConfigurationError(
    'TMPDIR: no temporary directory is accessible to "nobody", the user that runs PostgreSQL',
  );
}

function socketsFit(directory: string): boolean {
  const longest = path.join(directory, '.s.PGSQL.65535');
  return process.platform !== 'win32' && Buffer.byteLength(longest) <= longestSocketPath;
}

function watch(directory: string, pidFile: string): ChildProcess {
  const child = spawn(process.execPath, [watchdogFile, directory, pidFile], {
    cwd: os.tmpdir(),
    // A separate process group: a terminal sends Ctrl-C to the whole group.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    windowsHide: true,
  });
  child.unref();
  // The pipe is a socket, although its type is Writable.
  (child.stdin as Socket).unref();
  child.stdin.on('error', () => {});
  return child;
}

async function ended(child: ChildProcess, stop: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  stop();
  await once(child, 'exit');
}
