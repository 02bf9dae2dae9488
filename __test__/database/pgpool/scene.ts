/**
 * What a test through Pgpool-II needs. Its standby stands still: whatever is read there is as it was
 * before the first test, and every SELECT that may go there does.
 */

import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { TokenKeep, TokenKeepOptions } from '../../../dist/index.js';
import { startTokenEndpoint } from '../../../support/token-endpoint.mjs';
import { until } from '../../helpers/promises';
import type { Endpoint } from '../../helpers/scene';
import { type Roles, rolesDatabase } from '../../row-security/roles';
import { keepOfEveryStore } from '../every-store';
import { Pair } from '../failover/pair';
import { Pgpool, type Settings } from './pgpool';

export class Scene {
  pair!: Pair;
  pgpool!: Pgpool;
  endpoint!: Endpoint;
  /** The database with the tables of all stores, as the primary has it. */
  database!: Roles;
  #keeps: TokenKeep[] = [];

  /** Instances with pools of their own, through Pgpool-II, closed after the test. */
  keeps(count: number, login: string, options: TokenKeepOptions = {}): TokenKeep[] {
    const keeps = Array.from({ length: count }, () =>
      keepOfEveryStore(this.#named(login), this.endpoint, options),
    );
    this.#keeps.push(...keeps);
    return keeps;
  }

  /** One of them. */
  keep(login: string, options?: TokenKeepOptions): TokenKeep {
    return this.keeps(1, login, options)[0]!;
  }

  /** One at exactly this URL. */
  keepAt(url: string): TokenKeep {
    const keep = keepOfEveryStore(url, this.endpoint);
    this.#keeps.push(keep);
    return keep;
  }

  /** How many statements have gone to the standby so far. */
  async strayed(): Promise<number> {
    const nodes = await this.pgpool.query('SHOW pool_nodes');
    return Number(nodes.find(({ role }) => role === 'standby')!['select_cnt']);
  }

  async openAll(settings: Settings): Promise<void> {
    this.pair = await Pair.start();
    const { primary, standby } = this.pair;
    this.database = await rolesDatabase(primary.url);
    const [{ lsn }] = (await this.pair.query(primary, 'SELECT pg_current_wal_lsn() AS lsn')) as [
      { lsn: string },
    ];
    const replayed = `SELECT pg_last_wal_replay_lsn() >= '${lsn}' AS done`;
    await until(async () => (await this.pair.query(standby, replayed))[0]!['done'] === true);
    await this.pair.query(standby, 'SELECT pg_wal_replay_pause()');
    const paused = "SELECT pg_get_wal_replay_pause_state() = 'paused' AS done";
    await until(async () => (await this.pair.query(standby, paused))[0]!['done'] === true);
    this.pgpool = await Pgpool.start(this.pair, settings);
  }

  async closeAll(): Promise<void> {
    await this.pgpool?.stop();
    await this.database?.client.end();
    await this.pair?.stop();
  }

  async open(): Promise<void> {
    this.endpoint = (await startTokenEndpoint()) as Endpoint;
  }

  async close(): Promise<void> {
    await Promise.all(this.#keeps.splice(0).map((keep) => keep.close({ timeoutMs: 1_000 })));
    await this.endpoint.close();
  }

  /** Instances of equal settings would share one pool. */
  #named(login: string): string {
    const url = new URL(this.pgpool.through(login));
    url.searchParams.set('application_name', `instance-${this.#keeps.length}-${Math.random()}`);
    return url.href;
  }
}

/** Makes the scene of a group of tests. */
export function usePgpool(settings: Settings): Scene {
  const scene = new Scene();
  beforeAll(() => scene.openAll(settings));
  beforeEach(() => scene.open());
  afterEach(() => scene.close());
  afterAll(() => scene.closeAll());
  return scene;
}
