/** What a test through a pooler needs: pooler and database for the group, instances a test. */

import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type TokenKeep, type TokenKeepOptions, createTokenKeep } from '../../../dist/index.js';
import { startTokenEndpoint } from '../../../support/token-endpoint.mjs';
import { type TestDatabase, emptyDatabase } from '../../helpers/database';
import type { Endpoint } from '../../helpers/scene';
import { STORES, keepOfEveryStore } from '../every-store';
import { type PgBouncer, startPgBouncer } from './pgbouncer.mjs';
import type { Version } from './program.mjs';

/** Which pooler. */
export interface Kind {
  version: Version;
  mode: 'transaction' | 'session';
  poolSize: number;
  maxPreparedStatements?: number;
}

export class Scene {
  pooler!: PgBouncer;
  endpoint!: Endpoint;
  /** The database with the tables of all stores, as the pooler gives it. */
  url!: string;
  /** The same without the pooler, to read and change rows. */
  database!: TestDatabase;
  #keeps: TokenKeep[] = [];
  #clients: pg.Client[] = [];

  /** Instances with pools of their own, through the pooler, closed after the test. */
  keeps(count: number, options: TokenKeepOptions = {}): TokenKeep[] {
    const urls = Array.from({ length: count }, () => this.#named());
    const keeps = urls.map((url) => keepOfEveryStore(url, this.endpoint, options));
    this.#keeps.push(...keeps);
    return keeps;
  }

  /** One of them. */
  keep(options: TokenKeepOptions = {}): TokenKeep {
    return this.keeps(1, options)[0]!;
  }

  /** An application's own connection to the server, ended after the test. */
  async client(url = this.database.url): Promise<pg.Client> {
    const client = new pg.Client(url);
    client.on('error', () => {});
    this.#clients.push(client);
    await client.connect();
    return client;
  }

  async openAll(kind: Kind): Promise<void> {
    this.database = await emptyDatabase();
    this.pooler = await startPgBouncer({ ...kind, target: this.database.url });
    this.url = this.pooler.url;
    const migrating = createTokenKeep({ databaseUrl: this.url });
    await migrating.migrate({ stores: [...STORES] });
    await migrating.close();
  }

  async closeAll(): Promise<void> {
    await this.pooler.stop();
    await this.database.drop();
  }

  async open(): Promise<void> {
    this.endpoint = (await startTokenEndpoint()) as Endpoint;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.end()));
    await Promise.all(this.#keeps.splice(0).map((keep) => keep.close({ timeoutMs: 1_000 })));
    await this.endpoint.close();
  }

  /** Instances of equal settings would share one pool. */
  #named(): string {
    const url = new URL(this.url);
    url.searchParams.set('application_name', `instance-${this.#keeps.length}-${Math.random()}`);
    return url.href;
  }
}

/** Makes the scene of a group of tests. */
export function usePooler(kind: Kind): Scene {
  const scene = new Scene();
  beforeAll(() => scene.openAll(kind));
  beforeEach(() => scene.open());
  afterEach(() => scene.close());
  afterAll(() => scene.closeAll());
  return scene;
}
