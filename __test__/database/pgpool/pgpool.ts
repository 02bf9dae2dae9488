/** Pgpool-II in front of a primary and its standby. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runAs, serverAccount } from '../../../dist/testing/postgres/account.js';
import { makeDirectory, type ServerDirectory } from '../../../dist/testing/postgres/directory.js';
import { until } from '../../helpers/promises';
import type { Pair } from '../failover/pair';
import { query } from '../poolers/query.mjs';

/** Where Debian has it: only root's PATH has that. */
const PROGRAM = '/usr/sbin/pgpool';
const READY_MS = 30_000;
const STOP_MS = 10_000;

/** Further lines of its configuration, by name. */
export type Settings = Record<string, string | number>;

/** Its version as it tells it, such as `4.3.5`. */
export function versionOfPgpool(): string {
  const { stdout, stderr } = spawnSync(PROGRAM, ['--version'], { encoding: 'utf8' });
  const told = /version (\S+)/.exec(`${stdout ?? ''}${stderr ?? ''}`)?.[1];
  if (!told) throw new Error('Pgpool-II is not installed: apt-get install pgpool2');
  return told;
}

/** One of them. */
export class Pgpool {
  readonly #child: ChildProcess;
  readonly #directory: ServerDirectory;
  readonly #port: number;
  /** Of the primary's database, as its user, through it. */
  readonly url: string;

  private constructor(child: ChildProcess, directory: ServerDirectory, port: number, url: string) {
    this.#child = child;
    this.#directory = directory;
    this.#port = port;
    this.url = this.through(url);
  }

  /**
   * Starts one on loopback; ends when it serves both. It goes with `stop()`, and otherwise with this
   * process. What is not in `settings` is its default, but for what it needs to know of the servers,
   * and that every SELECT that may go to a standby does.
   */
  static async start(pair: Pair, settings: Settings = {}): Promise<Pgpool> {
    const account = serverAccount();
    const directory = makeDirectory(account);
    const [port, pcpPort] = [await freePort(), await freePort()];
    const own = (path: string) => account && chownSync(path, account.uid, account.gid);
    mkdirSync(directory.data);
    own(directory.data);
    const file = (name: string, text: string) => {
      const path = join(directory.root, name);
      writeFileSync(path, text, { mode: 0o600 });
      own(path);
      return path;
    };
    const conf = file('pgpool.conf', configuration(pair, port, pcpPort, directory, settings));
    const rest = ['-F', file('pcp.conf', ''), '-a', file('pool_hba.conf', '')];
    // Passwords are asked for in clear text: nobody's is known to it.
    const child = spawn(PROGRAM, ['-n', '-f', conf, ...rest], {
      ...runAs(account),
      cwd: directory.root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (said = `${said}${text}`.slice(-20_000)));
    }
    const pgpool = new Pgpool(child, directory, port, pair.primary.url);
    pgpool.log = () => said;
    try {
      await pgpool.#ready();
    } catch (cause) {
      await pgpool.stop();
      throw new Error(`Pgpool-II did not start:\n${said.slice(-3_000)}`, { cause });
    }
    return pgpool;
  }

  /** The end of what it has said. */
  log: () => string = () => '';

  /** The URL of another database or login, through it. */
  through(url: string): string {
    return Object.assign(new URL(url), { port: String(this.#port) }).href;
  }

  /** What it answers, such as to `SHOW pool_nodes`. */
  query(sql: string): Promise<Record<string, string>[]> {
    return query(this.url, sql);
  }

  /** The same in another database, or as somebody else. */
  queryAt(url: string, sql: string): Promise<Record<string, string>[]> {
    return query(this.through(url), sql);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, 'exit');
      // It ends its processes, and takes its memory with it.
      this.#child.kill('SIGINT');
      const killing = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
      await gone;
      clearTimeout(killing);
    }
    await this.#directory.remove();
  }

  async #ready(): Promise<void> {
    const end = Date.now() + READY_MS;
    await until(async () => {
      if (Date.now() > end || this.#child.exitCode !== null) throw new Error('no answer in time');
      const nodes = await this.query('SHOW pool_nodes').catch(() => []);
      const served = nodes.filter(({ status }) => status === 'up').map(({ role }) => role);
      if (served.length === 2 && served.includes('primary')) return true;
      await sleep(50);
      return false;
    });
  }
}

function configuration(
  { primary, standby }: Pair,
  port: number,
  pcpPort: number,
  home: ServerDirectory,
  settings: Settings,
): string {
  const { username, password } = new URL(primary.url);
  const node = (index: number, { port: at, dataDirectory }: Pair['primary'], weight: number) => ({
    [`backend_hostname${index}`]: '127.0.0.1',
    [`backend_port${index}`]: at,
    [`backend_weight${index}`]: weight,
    [`backend_data_directory${index}`]: dataDirectory!,
    [`backend_flag${index}`]: 'ALLOW_TO_FAILOVER',
  });
  const lines: Settings = {
    backend_clustering_mode: 'streaming_replication',
    listen_addresses: '127.0.0.1',
    port,
    // 4.4 has the other name.
    socket_dir: home.root,
    unix_socket_directories: home.root,
    pcp_listen_addresses: '127.0.0.1',
    pcp_port: pcpPort,
    pcp_socket_dir: home.root,
    logdir: home.root,
    // Where the directory's watchdog looks for a server.
    pid_file_name: join(home.data, 'postmaster.pid'),
    ...node(0, primary, 0),
    ...node(1, standby, 1),
    sr_check_user: decodeURIComponent(username),
    sr_check_password: decodeURIComponent(password),
    sr_check_database: 'postgres',
    allow_clear_text_frontend_auth: 'on',
    ...settings,
  };
  const quoted = (value: string | number) => `'${String(value).replaceAll("'", "\\'")}'`;
  return Object.entries(lines)
    .map(([name, value]) => `${name} = ${quoted(value)}\n`)
    .join('');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
