/** What a test of the integration store needs: a database for the file, an endpoint and instances a test. */

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import {
  createTokenKeep,
  type TokenKeep,
  type TokenKeepOptions,
  type TokenkeepEvent,
} from '../../dist/index.js';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { emptyDatabase, KEY, type TestDatabase } from '../helpers/database';
import type { Endpoint } from '../helpers/scene';
import { migrateOn } from '../helpers/tables';

/** A row of `integration_tokens`. */
export interface Row {
  access_token: string;
  refresh_token: string | null;
  expires_at: Date;
  scopes: string[];
  refreshing_at: Date | null;
  invalid_since: Date | null;
  invalid_reason: string | null;
  last_refreshed_at: Date | null;
  last_error_code: string | null;
  failure_count: number;
  updated_at: Date;
}

export const someUser = () => randomUUID();
export const SCOPES = ['read', 'write'];
export const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000);

export class Scene {
  database!: TestDatabase;
  endpoint!: Endpoint;
  events: TokenkeepEvent[] = [];
  #closing: (() => unknown)[] = [];

  /** An instance on this scene's database and endpoint, closed after the test. */
  keep(options: TokenKeepOptions = {}): TokenKeep {
    const keep = createTokenKeep({
      databaseUrl: this.database.url,
      tokenkeepKey: KEY,
      providers: {
        acme: { tokenUrl: this.endpoint.url, clientId: 'client', clientSecret: 'secret' },
      },
      onEvent: (event) => void this.events.push(event),
      ...options,
    });
    this.#closing.push(() => keep.close({ timeoutMs: 1_000 }));
    return keep;
  }

  /** A user whose refresh token the endpoint knows, stored by us, with so many seconds left. */
  async user(keep: TokenKeep, left = -60, provider = 'acme') {
    const userId = someUser();
    const issued = this.endpoint.issue();
    const token = { ...issued, expiresAt: inSeconds(left), scopes: SCOPES };
    await keep.integration.storeToken(userId, provider, token);
    return { userId, ...issued };
  }

  /**
   * Has this scene's client refresh a row, so that it is known here: only then is its word believed that
   * a grant is dead.
   */
  async knownClient(): Promise<void> {
    const keep = this.keep();
    const { userId } = await this.user(keep);
    await keep.integration.getValidToken(userId, 'acme');
    // An instance that closes has written whom it knows.
    await keep.close();
    this.endpoint.requests.length = 0;
    this.events.length = 0;
  }

  async row(userId: string, provider = 'acme'): Promise<Row | undefined> {
    const { rows } = await this.database.client.query(
      'SELECT * FROM integration_tokens WHERE user_id = $1 AND provider = $2',
      [userId, provider],
    );
    return rows[0];
  }

  async change(userId: string, set: string): Promise<void> {
    const sql = `UPDATE integration_tokens SET ${set} WHERE user_id = $1`;
    await this.database.client.query(sql, [userId]);
  }

  async end(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) await close();
    await this.endpoint.close();
    this.events = [];
  }
}

/** A scene for all tests of a file; a new endpoint for each. */
export function useScene(): Scene {
  const scene = new Scene();
  beforeAll(async () => {
    scene.database = await emptyDatabase();
    await migrateOn(scene.database, { stores: ['integration'] });
  });
  beforeEach(async () => {
    scene.endpoint = (await startTokenEndpoint()) as Endpoint;
  });
  afterEach(() => scene.end());
  afterAll(() => scene.database.drop());
  return scene;
}
