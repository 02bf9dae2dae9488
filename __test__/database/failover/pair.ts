/** A primary and its standby, which follows it synchronously. */

import { execFileSync } from 'node:child_process';
import { appendFileSync, chownSync, cpSync, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type Database, startPostgres } from '../../../support/postgres.mjs';
import { until } from '../../helpers/promises';

/** What a server must keep of its own when it becomes a copy of another. */
const OWN = ['postgresql.conf', 'postmaster.opts'];

// What a killed server leaves in memory would stay there; in a file it goes with the directory.
const settings = { dynamic_shared_memory_type: 'mmap' };

export class Pair {
  readonly primary: Database;
  readonly standby: Database;

  private constructor(primary: Database, standby: Database) {
    this.primary = primary;
    this.standby = standby;
  }

  /** Starts both; from then on nothing is told as committed that the standby does not have. */
  static async start(): Promise<Pair> {
    const primary = await startPostgres({ settings });
    const standby = await startPostgres({ settings });
    const pair = new Pair(primary, standby);
    try {
      await pair.#copy();
      await pair.query(primary, "ALTER SYSTEM SET synchronous_standby_names = '*'");
      await pair.query(primary, 'SELECT pg_reload_conf()');
      const state = 'SELECT sync_state FROM pg_stat_replication';
      await until(async () => (await pair.query(primary, state))[0]?.sync_state === 'sync');
    } catch (error) {
      await pair.stop();
      throw error;
    }
    return pair;
  }

  /** The URL of a database, with both hosts. */
  url(first: 'primary' | 'standby', attributes?: 'read-write' | 'primary' | 'any'): string {
    const ports = [this.primary.port, this.standby.port];
    if (first === 'standby') ports.reverse();
    const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',');
    const url = this.primary.url.replace(/@[^/]*/, `@${hosts}`);
    return attributes ? `${url}?target_session_attrs=${attributes}` : url;
  }

  /** One statement on one of them. */
  async query({ port }: Database, sql: string): Promise<Record<string, unknown>[]> {
    const url = new URL(this.primary.url);
    url.port = String(port);
    const client = new pg.Client(url.href);
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** Ends every process of the primary at once, as when its machine is gone. */
  async kill(): Promise<void> {
    const pids = processesOf(this.primary);
    for (const pid of pids) signal(pid, 'SIGKILL');
    await until(() => pids.every(isGone));
    // What a killed server leaves on the machine: the segment of memory that its file names.
    const file = join(this.primary.dataDirectory!, 'postmaster.pid');
    const [, segment] = readFileSync(file, 'utf8').split('\n')[6]!.trim().split(/\s+/);
    execFileSync('ipcrm', ['-m', segment!]);
    rmSync(file);
  }

  /** Every process of the primary stands still: its port takes connections and nobody answers. */
  freeze(): void {
    for (const pid of processesOf(this.primary)) signal(pid, 'SIGSTOP');
  }

  /** Ends when the standby takes writes. */
  async promote(): Promise<void> {
    await this.query(this.standby, 'SELECT pg_promote()');
  }

  async stop(): Promise<void> {
    for (const pid of processesOf(this.primary)) signal(pid, 'SIGCONT');
    await Promise.all([this.standby.stop('immediate'), this.primary.stop('immediate')]);
  }

  /** Makes the standby a copy of the primary that follows it. */
  async #copy(): Promise<void> {
    const [from, to] = [this.primary.dataDirectory!, this.standby.dataDirectory!];
    await Promise.all([this.primary.crash(), this.standby.crash()]);
    const kept = mkdtempSync(join(tmpdir(), 'tokenkeep-pair-'));
    for (const name of OWN) cpSync(join(to, name), join(kept, name));
    rmSync(to, { recursive: true });
    execFileSync('cp', ['-a', from, to]);
    for (const name of OWN) execFileSync('cp', [join(kept, name), join(to, name)]);
    rmSync(kept, { recursive: true });
    const { username, password, port } = new URL(this.primary.url);
    const source = `host=127.0.0.1 port=${port} user=${username} password=${password}`;
    appendFileSync(join(to, 'postgresql.conf'), `primary_conninfo = '${source}'\n`);
    const signalFile = join(to, 'standby.signal');
    writeFileSync(signalFile, '');
    const { uid, gid } = statSync(to);
    chownSync(signalFile, uid, gid);
    await this.primary.restart();
    await this.standby.restart();
  }
}

/** The server's first process and all that it has started. */
function processesOf({ dataDirectory }: Database): number[] {
  const file = join(dataDirectory!, 'postmaster.pid');
  if (!existsSync(file)) return [];
  const first = Number.parseInt(readFileSync(file, 'utf8'));
  const children = readdirSync('/proc').filter((name) => parentOf(name) === first);
  return [first, ...children.map(Number)].filter((pid) => !isGone(pid));
}

function parentOf(pid: string): number | undefined {
  return Number(/^PPid:\s+(\d+)$/m.exec(statusOf(pid))?.[1]);
}

function isGone(pid: number): boolean {
  return !/^State:\s+[^Z]/m.test(statusOf(String(pid)));
}

function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself.
  }
}
