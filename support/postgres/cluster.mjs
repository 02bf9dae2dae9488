import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

import { runAs } from './binaries.mjs';

/** @typedef {Record<string, string | number | boolean>} Settings */

/** One cluster: made, started and stopped by PostgreSQL's own tools. */
export class Cluster {
  /**
   * @param {import('./directory.mjs').ServerDirectory} directory
   * @param {import('./binaries.mjs').Binaries} binaries
   * @param {import('./binaries.mjs').Account} [account]
   */
  constructor(directory, binaries, account) {
    this.directory = directory;
    this.binaries = binaries;
    this.account = account;
    this.password = crypto.randomBytes(18).toString('base64url');
  }

  /** @param {Settings} settings */
  async initialise(settings) {
    const file = path.join(this.directory.root, 'password');
    fs.writeFileSync(file, this.password, { mode: 0o600 });
    if (this.account) fs.chownSync(file, this.account.uid, this.account.gid);
    const login = ['-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', file];
    // The usual 4096 iterations hold the one thread of a debug build for a tenth of a second.
    login.push('--set', 'scram_iterations=1');
    const cluster = ['-D', this.directory.data, '-E', 'UTF8', '--locale=C', '--no-sync'];
    await this.#run(this.binaries.initdb, [...cluster, ...login]);
    fs.rmSync(file);
    this.#configure(settings);
  }

  /** @returns {Promise<number>} the port */
  async start() {
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      try {
        await this.#control('start', '-l', this.directory.log, '-o', `-p ${port}`);
        return port;
      } catch (error) {
        // Somebody else may have taken the port since we looked.
        if (attempt === 3 || !error.message.includes('could not bind')) throw error;
      }
    }
  }

  /** @param {'fast' | 'immediate'} mode */
  async stop(mode) {
    // A test may have killed the server before.
    const running = fs.existsSync(path.join(this.directory.data, 'postmaster.pid'));
    if (running) await this.#control('stop', '-m', mode);
  }

  /** @param {'fast' | 'immediate'} mode */
  restart(mode) {
    return this.#control('restart', '-m', mode, '-l', this.directory.log);
  }

  #configure(settings) {
    const all = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: this.directory.sockets ?? '',
      max_connections: 300,
      // The cluster is thrown away in any case: what a power cut would lose does not matter.
      fsync: 'off',
      full_page_writes: 'off',
      ...settings,
    };
    const quote = (value) => `'${String(value).replaceAll("'", "''")}'`;
    const lines = Object.entries(all).map(([name, value]) => `${name} = ${quote(value)}\n`);
    fs.appendFileSync(path.join(this.directory.data, 'postgresql.conf'), `\n${lines.join('')}`);
  }

  #control(command, ...args) {
    return this.#run(this.binaries.pgCtl, [command, '-D', this.directory.data, '-w', ...args]);
  }

  async #run(program, args) {
    // A file and no pipe: on Windows the server inherits a pipe, which then never closes.
    const output = path.join(this.directory.root, 'tool.log');
    const file = fs.openSync(output, 'w');
    try {
      const child = spawn(program, args, {
        ...runAs(this.account),
        cwd: this.directory.root,
        env: serverEnvironment(),
        stdio: ['ignore', file, file],
        windowsHide: true,
      });
      const [code] = await once(child, 'exit');
      if (code === 0) return;
    } finally {
      fs.closeSync(file);
    }
    const told = [output, this.directory.log].map(tail).join('').trim();
    throw new Error(`${path.basename(program)} ${args[0]} failed:\n${told}`);
  }
}

/** Neither the caller's PG* variables nor its locale may leak into the server. */
function serverEnvironment() {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name));
  return { ...Object.fromEntries(inherited), LC_ALL: 'C' };
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function tail(file) {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').slice(-2000) : '';
}
