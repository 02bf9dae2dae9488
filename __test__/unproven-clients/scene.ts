/** Users of every store, and applications that ask for their tokens with one client or another. */

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import {
  createTokenKeep,
  type TokenKeep,
  type TokenKeepOptions,
  type TokenkeepEvent,
} from '../../dist/index.js';
import { expireToken } from '../../dist/testing/index.js';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { emptyDatabase, type TestDatabase } from '../helpers/database';
import type { Endpoint } from '../helpers/scene';
import { migrateOn } from '../helpers/tables';
import { optionsFor } from '../testing/instance';
import { type StoreCase, storeCases } from '../testing/stores';

export const STORES = ['gmail', 'calendar', 'integration', 'vault', 'zoho'] as const;
export type Store = (typeof STORES)[number];

/** What a provider says of another client's refresh token, and of one that a user has revoked. */
export const INVALID_GRANT = { status: 400, body: { error: 'invalid_grant' } };

/** A connected user whose access token has run out. */
export interface User {
  id: string;
  store: Store;
  row: StoreCase;
  refreshToken: string;
}

/** An application's instance with one client. */
export interface Application {
  keep: TokenKeep;
  clientId: string;
  events: TokenkeepEvent[];
  valid(user: User): Promise<string | undefined>;
}

export class Scene {
  database!: TestDatabase;
  endpoint!: Endpoint;
  #closing: (() => unknown)[] = [];

  options(options: TokenKeepOptions = {}): TokenKeepOptions {
    return { ...optionsFor(this.database.url, this.endpoint), ...options };
  }

  /** An application, closed after the test. */
  application(clientId = 'client', options: TokenKeepOptions = {}): Application {
    const events: TokenkeepEvent[] = [];
    const onEvent = (event: TokenkeepEvent) => void events.push(event);
    const keep = createTokenKeep(this.options({ googleClientId: clientId, onEvent, ...options }));
    this.#closing.push(() => keep.close({ timeoutMs: 1_000 }));
    const credentials = { clientId, clientSecret: 'secret' };
    const valid = ({ store, id, row }: User) =>
      store === 'zoho' ? keep.zoho.getAccessToken(id, 'zoho_crm', credentials) : row.valid(keep);
    return { keep, clientId, events, valid };
  }

  /** Users whom this application has stored and, once, refreshed: their client is known. */
  async users(store: Store, count: number, { keep, valid }: Application): Promise<User[]> {
    const users = await this.#stored(store, count, keep);
    await Promise.all(users.map(valid));
    await this.expire(users);
    return users;
  }

  /** Users whom an old service has stored: nobody knows with which client. */
  async oldUsers(store: Store, count: number): Promise<User[]> {
    const { keep } = this.application('client of the old service');
    const users = await this.#stored(store, count, keep);
    await keep.close();
    for (const { id } of users) {
      await this.database.client.query(
        'DELETE FROM tokenkeep.refresh_state WHERE store = $1 AND key[1] = $2',
        [store, id],
      );
    }
    return users;
  }

  async #stored(store: Store, count: number, keep: TokenKeep): Promise<User[]> {
    const users = Array.from({ length: count }, () => {
      const id = randomUUID();
      const row = storeCases(id).find(({ name }) => name === store)!;
      return { id, store, row, tokens: this.endpoint.issue() };
    });
    const inAnHour = new Date(Date.now() + 3_600_000);
    await Promise.all(users.map(({ row, tokens }) => row.store(keep, inAnHour, tokens)));
    const stored = users.map(({ tokens, ...user }) => ({ ...user, ...tokens }));
    await this.expire(stored);
    return stored;
  }

  async expire(users: User[]): Promise<void> {
    for (const { row } of users) await expireToken(this.database.url, row.key);
  }

  /** The users whose row is not marked revoked. */
  async connected(users: User[]): Promise<User[]> {
    const table = {
      gmail: ['gmail_tokens', 'user_id', 'true'],
      calendar: ['google_calendar_tokens', 'user_id', 'true'],
      integration: ['integration_tokens', 'user_id', 'invalid_since IS NULL'],
      vault: ['token_vault', 'tenant_id', `is_valid = 'true' AND token_type = 'refresh_token'`],
      zoho: ['oauth_tokens', 'client_id', 'invalid_since IS NULL'],
    };
    const [name, key, alive] = table[users[0]!.store];
    const sql = `SELECT ${key}::text AS id FROM ${name} WHERE ${alive}`;
    const { rows } = await this.database.client.query(sql);
    const ids = new Set(rows.map(({ id }) => id));
    return users.filter(({ id }) => ids.has(id));
  }

  async end(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) await close();
    await this.endpoint.close();
  }
}

/** A scene for all tests of a file; a new endpoint, and so clients that nobody knows, for each. */
export function useScene(): Scene {
  const scene = new Scene();
  beforeAll(async () => {
    scene.database = await emptyDatabase();
    await migrateOn(scene.database, { stores: [...STORES] });
  });
  beforeEach(async () => {
    scene.endpoint = (await startTokenEndpoint()) as Endpoint;
  });
  afterEach(() => scene.end());
  afterAll(() => scene.database.drop());
  return scene;
}
