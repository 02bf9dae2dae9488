/** What a test of the vault needs: a database for the file, an endpoint and instances a test. */

import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { createTokenKeep, type TokenKeep, type TokenKeepOptions } from '../../dist/index.js';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { emptyDatabase, type TestDatabase } from '../helpers/database';
import type { Endpoint } from '../helpers/scene';
import { migrateOn } from '../helpers/tables';
import { until } from '../helpers/promises';
import { type NewRow, type Row, SECRET, decrypt, insertRow, rowOf } from './rows';

/** A tenant's access and refresh token at google. */
export interface Pair {
  tenantId: string;
  accessToken: string;
  refreshToken: string;
  accessId: string;
  refreshId: string;
}

/** How the rows of a pair differ; `access: null`: there is no access token. */
export interface NewPair {
  access?: NewRow | null;
  refresh?: NewRow;
}

export class Scene {
  database!: TestDatabase;
  endpoint!: Endpoint;
  #keeps: TokenKeep[] = [];
  #clients: pg.Client[] = [];

  /** The options of an instance on this scene's database and endpoint. */
  options(options: TokenKeepOptions = {}): TokenKeepOptions {
    return {
      databaseUrl: this.database.url,
      encryptionSecret: SECRET,
      googleClientId: 'client',
      googleClientSecret: 'secret',
      googleTokenUrl: this.endpoint.url,
      ...options,
    };
  }

  /** An instance, closed after the test. */
  keep(options: TokenKeepOptions = {}): TokenKeep {
    const keep = createTokenKeep(this.options(options));
    this.#keeps.push(keep);
    return keep;
  }

  /** A pair whose access token has run out, unless `rows` says otherwise. */
  async pair({ access = {}, refresh = {} }: NewPair = {}): Promise<Pair> {
    const [tenantId, issued] = [randomUUID(), this.endpoint.issue()];
    const { accessToken, refreshToken } = issued;
    const accessRow = { value: accessToken, left: -60, ...access };
    const refreshRow = { value: refreshToken, left: null, tokenType: 'refresh_token', ...refresh };
    const refreshId = await insertRow(this.database, tenantId, refreshRow);
    const accessId = access ? await insertRow(this.database, tenantId, accessRow) : '';
    return { tenantId, ...issued, accessId, refreshId };
  }

  /**
   * Has this scene's client refresh a row, so that it is known here: only then is its word believed that
   * a grant is dead.
   */
  async knownClient(): Promise<void> {
    const keep = this.keep();
    const { tenantId } = await this.pair();
    await keep.vault.getAccessToken(tenantId, 'google', undefined, 5, { refresh: true });
    // An instance that closes has written whom it knows.
    await keep.close();
    this.endpoint.requests.length = 0;
  }

  row(id: string): Promise<Row | undefined> {
    return rowOf(this.database, id);
  }

  /** The value of a row, opened by Node's crypto. */
  async value(id: string): Promise<string> {
    return decrypt((await this.row(id))!.encrypted_value);
  }

  /** The values of a pair's two rows. */
  async values({ accessId, refreshId }: Pair) {
    return { accessToken: await this.value(accessId), refreshToken: await this.value(refreshId) };
  }

  /** Ends when the endpoint has received so many requests. */
  async requests(count: number): Promise<void> {
    await until(() => this.endpoint.requests.length >= count);
  }

  /** Sets columns of a row in a transaction that stays open, as somebody else might. */
  async holding(id: string, set: string) {
    const client = new pg.Client(this.database.url);
    client.on('error', () => {});
    await client.connect();
    this.#clients.push(client);
    await client.query('BEGIN');
    await client.query(`UPDATE token_vault SET ${set} WHERE id = $1`, [id]);
    const waiting = `SELECT count(*)::int AS count FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    return {
      /** Ends when so many sessions wait for a lock. */
      isWaitedFor: (count = 1) =>
        until(async () => (await this.database.client.query(waiting)).rows[0].count >= count),
      /** Another statement of the transaction. */
      query: (sql: string) => client.query(sql),
      commit: () => client.query('COMMIT'),
    };
  }

  async open(): Promise<void> {
    this.endpoint = (await startTokenEndpoint()) as Endpoint;
  }

  async close(): Promise<void> {
    // First: an instance may wait for what a client holds.
    await Promise.all(this.#clients.splice(0).map((client) => client.end()));
    await Promise.all(this.#keeps.splice(0).map((keep) => keep.close({ timeoutMs: 1_000 })));
    await this.endpoint.close();
  }
}

/** Makes the scene of a test file. */
export function useScene(): Scene {
  const scene = new Scene();
  beforeAll(async () => {
    scene.database = await emptyDatabase();
    await migrateOn(scene.database, { stores: ['vault'] });
  });
  afterAll(() => scene.database.drop());
  beforeEach(() => scene.open());
  afterEach(() => scene.close());
  return scene;
}
