/** What a test of a limit needs: a database with all tables, instances and clients a test. */

import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { TokenKeep, TokenKeepOptions } from '../../../dist/index.js';
import { startTokenEndpoint } from '../../../support/token-endpoint.mjs';
import { type TestDatabase, emptyDatabase } from '../../helpers/database';
import { until } from '../../helpers/promises';
import type { Endpoint } from '../../helpers/scene';
import { migrateOn } from '../../helpers/tables';
import { STORES, keepOfEveryStore } from '../every-store';

export class Scene {
  database!: TestDatabase;
  endpoint!: Endpoint;
  #keeps: TokenKeep[] = [];
  #clients: pg.Client[] = [];

  /** An instance, closed after the test. */
  keep(options: TokenKeepOptions = {}): TokenKeep {
    const keep = keepOfEveryStore(this.database.url, this.endpoint, options);
    this.#keeps.push(keep);
    return keep;
  }

  /** A connection of somebody else's, ended after the test. */
  async client(url = this.database.url): Promise<pg.Client> {
    const client = new pg.Client(url);
    client.on('error', () => {});
    this.#clients.push(client);
    await client.connect();
    return client;
  }

  /** Ends the other clients' connections. */
  async leave(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.end()));
  }

  /** A role that may do everything with the tables, dropped with the database: its URL and name. */
  async role(): Promise<{ url: string; name: string }> {
    const name = `role_${randomBytes(6).toString('hex')}`;
    const { client } = this.database;
    await client.query(`CREATE ROLE ${name} LOGIN PASSWORD 'password' BYPASSRLS`);
    await client.query(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${name}`);
    const url = Object.assign(new URL(this.database.url), { username: name, password: 'password' });
    return { url: url.href, name };
  }

  /** Drops a role that nobody uses any more. */
  async dropRole(name: string): Promise<void> {
    await this.database.client.query(`DROP OWNED BY ${name}`);
    await this.database.client.query(`DROP ROLE ${name}`);
  }

  /** The session of ours that waits for a lock. */
  async waiting(): Promise<number> {
    let pid: number | undefined;
    await until(async () => {
      const { rows } = await this.database.client.query(
        `SELECT pid FROM pg_stat_activity WHERE datname = current_database()
           AND wait_event_type = 'Lock' AND application_name = 'tokenkeep'`,
      );
      pid = rows[0]?.pid;
      return pid !== undefined;
    });
    return pid!;
  }

  async close(): Promise<void> {
    await this.leave();
    await Promise.all(this.#keeps.splice(0).map((keep) => keep.close({ timeoutMs: 1_000 })));
    await this.endpoint.close();
  }

  async open(): Promise<void> {
    this.endpoint = (await startTokenEndpoint()) as Endpoint;
  }
}

/** Makes the scene of a test file. */
export function useScene(): Scene {
  const scene = new Scene();
  beforeAll(async () => {
    scene.database = await emptyDatabase();
    await migrateOn(scene.database, { stores: [...STORES] });
  });
  beforeEach(() => scene.open());
  afterEach(() => scene.close());
  afterAll(() => scene.database.drop());
  return scene;
}
