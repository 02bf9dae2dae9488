/** A database cluster, managed with initdb and pg_ctl. */

import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type Account, runAs } from './account';
import type { Binaries } from './binaries';
import type { ServerDirectory } from './directory';

/** Settings for postgresql.conf. */
export type Settings = Record<string, string | number | boolean>;

/** How a server stops: `'immediate'` is a crash. */
export type StopMode = 'fast' | 'immediate';

/** A database cluster and its server. */
export class Cluster {
  /** The password of the superuser `postgres`. */
  readonly password = crypto.randomBytes(18).toString('base64url');

  readonly #directory: ServerDirectory;
  readonly #binaries: Binaries;
  readonly #account: Account | undefined;

  constructor(directory: ServerDirectory, binaries: Binaries, account: Account | undefined) {
    this.#directory = directory;
    this.#binaries = binaries;
    this.#account = account;
  }

  /** Creates the cluster. */
  async initialise(settings: Settings): Promise<void> {
    const file = path.join(this.#directory.root, 'password');
    fs.writeFileSync(file, this.password, { mode: 0o600 });
    if (this.#account) fs.chownSync(file, this.#account.uid, this.#account.gid);
    const login = ['-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', file];
    // The default of 4096 iterations takes a debug build a tenth of a second per login.
    if (Number.parseInt(this.#binaries.version) >= 16) login.push('--set', 'scram_iterations=1');
    const cluster = ['-D', this.#directory.data, '-E', 'UTF8', '--locale=C', '--no-sync'];
    await this.#run(this.#binaries.initdb, [...cluster, ...login]);
    fs.rmSync(file);
    this.#configure(settings);
  }

  /** Starts the server; returns its port. */
  async start(): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      try {
        await this.#control('start', '-l', this.#directory.log, '-o', `-p ${port}`);
        return port;
      } catch (error) {
        // Another program may have taken the port.
        const { message } = error as Error;
        if (attempt === 3 || !message.includes('could not bind')) throw error;
      }
    }
  }

  /** Stops the server, if it is running. */
  async stop(mode: StopMode): Promise<void> {
    // A test may have killed the server.
    const running = fs.existsSync(path.join(this.#directory.data, 'postmaster.pid'));
    if (running) await this.#control('stop', '-m', mode);
  }

  /** Restarts the server on the same port. */
  restart(mode: StopMode): Promise<void> {
    return this.#control('restart', '-m', mode, '-l', this.#directory.log);
  }

  #configure(settings: Settings): void {
    const all: Settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: this.#directory.sockets ?? '',
      max_connections: 300,
      // The cluster is temporary, so it does not have to survive a power failure.
      fsync: 'off',
      full_page_writes: 'off',
      ...settings,
    };
    const quote = (value: Settings[string]): string => `'${String(value).replaceAll("'", "''")}'`;
    const lines = Object.entries(all).map(([name, value]) => `${name} = ${quote(value)}\n`);
    fs.appendFileSync(path.join(this.#directory.data, 'postgresql.conf'), `\n${lines.join('')}`);
  }

  #control(command: string, ...args: string[]): Promise<void> {
    return this.#run(this.#binaries.pgCtl, [command, '-D', this.#directory.data, '-w', ...args]);
  }

  async #run(program: string, args: string[]): Promise<void> {
    // A file, not a pipe: on Windows the server would inherit the pipe and keep it open.
    const output = path.join(this.#directory.root, 'tool.log');
    const file = fs.openSync(output, 'w');
    try {
      const child = spawn(program, args, {
        ...runAs(this.#account),
        cwd: this.#directory.root,
        env: serverEnvironment(),
        stdio: ['ignore', file, file],
        windowsHide: true,
      });
      const [code] = (await once(child, 'exit')) as [number | null];
      if (code === 0) return;
    } finally {
      fs.closeSync(file);
    }
    const log = [output, this.#directory.log].map(tail).join('').trim();
    throw new Error(`${path.basename(program)} ${args[0]} failed:\n${log}`);
  }
}

/** The environment without PG* variables and locale. */
function serverEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name));
  return { ...Object.fromEntries(inherited), LC_ALL: 'C' };
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function tail(file: string): string {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').slice(-2000) : '';
}
