/** A database of its own, with settings of its own; an endpoint, and instances that are closed after the test. */

import { afterEach, beforeEach } from 'vitest';
import type { TokenKeep, TokenKeepOptions } from '../../dist/index.js';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { STORES, keepOfEveryStore } from '../database/every-store';
import { emptyDatabase, type TestDatabase } from '../helpers/database';
import type { Endpoint } from '../helpers/scene';
import { migrateOn } from '../helpers/tables';

export class Scene {
  database!: TestDatabase;
  endpoint!: Endpoint;
  #keeps: TokenKeep[] = [];

  async open(): Promise<void> {
    this.database = await emptyDatabase();
    this.endpoint = (await startTokenEndpoint()) as Endpoint;
  }

  async close(): Promise<void> {
    await Promise.all(this.#keeps.splice(0).map((keep) => keep.close({ timeoutMs: 1_000 })));
    await this.endpoint.close();
    await this.database.drop();
  }

  /** An instance with everything that any store needs. Limits a tenth of the real ones. */
  keep(options: TokenKeepOptions = {}): TokenKeep {
    const { databaseUrl = this.database.url } = options;
    const scaled = { limitsDivisor: 10, waitMs: 20_000, ...options };
    const keep = keepOfEveryStore(databaseUrl, this.endpoint, scaled);
    this.#keeps.push(keep);
    return keep;
  }

  /** Runs as the owner of everything. */
  async sql(text: string) {
    return (await this.database.client.query(text)).rows;
  }

  /** Sets something for every later session. */
  async set(setting: string): Promise<void> {
    await this.sql(`ALTER DATABASE ${this.database.client.database} SET ${setting}`);
  }

  /** The tables of every store. */
  migrate(options: TokenKeepOptions = {}): Promise<string[]> {
    return migrateOn(this.database, { stores: [...STORES] }, options);
  }

  /** A user's Gmail tokens, run out, which the endpoint knows. */
  async gmailUser(keep: TokenKeep, userId = 'user'): Promise<void> {
    const issued = this.endpoint.issue();
    const expiresAt = new Date(Date.now() - 60_000);
    await keep.gmail.upsertGmailTokens({ userId, tenantId: 't', ...issued, expiresAt, scope: '' });
  }
}

/** Makes the scene of each test. */
export function useScene(): Scene {
  const scene = new Scene();
  beforeEach(() => scene.open());
  afterEach(() => scene.close());
  return scene;
}
