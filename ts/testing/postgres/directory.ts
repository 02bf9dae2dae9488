/** Where a server lives, and what removes it when this process ends. */

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
  /** The server's working directory, which only its account may enter. */
  root: string;
  /** The cluster. */
  data: string;
  log: string;
  /** Where its unix socket can be, if it can have one. */
  sockets: string | undefined;
  remove(): Promise<void>;
  /** Removes it, and stops the server in it if one is running. */
  abandon(): Promise<void>;
}

/**
 * Makes one. From now on a watchdog holds a pipe to this process: when it closes, the server in the
 * directory is stopped and the directory removed.
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

/** In the first place that the account can reach: TMPDIR may be under a private home. */
function privateDirectory(account: Account | undefined): string {
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
  throw new ConfigurationError(
    'TMPDIR: there is no temporary directory that "nobody", who runs PostgreSQL, can use',
  );
}

function socketsFit(directory: string): boolean {
  const longest = path.join(directory, '.s.PGSQL.65535');
  return process.platform !== 'win32' && Buffer.byteLength(longest) <= longestSocketPath;
}

function watch(directory: string, pidFile: string): ChildProcess {
  const child = spawn(process.execPath, [watchdogFile, directory, pidFile], {
    cwd: os.tmpdir(),
    // A session of its own: a terminal sends Ctrl-C to the whole process group.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    windowsHide: true,
  });
  child.unref();
  // A pipe of a child is a socket, which its type does not say.
  (child.stdin as Socket).unref();
  child.stdin.on('error', () => {});
  return child;
}

async function ended(child: ChildProcess, tell: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  tell();
  await once(child, 'exit');
}
