/** What a test of the calendar store needs: a database for the file, an endpoint and instances a test. */

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { createTokenKeep, type TokenKeep, type TokenKeepOptions } from '../../dist/index.js';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { emptyDatabase, KEY, type TestDatabase } from '../helpers/database';
import type { Endpoint } from '../helpers/scene';
import { migrateOn } from '../helpers/tables';

/** A row of `google_calendar_tokens`. */
export interface Row {
  access_token: string;
  refresh_token: string;
  token_expiry: Date | null;
  scopes: string[] | null;
  refreshing_at: Date | null;
  updated_at: Date | null;
}

/** A connected user, whose refresh token the endpoint knows. */
export interface User {
  id: string;
  accessToken: string;
  refreshToken: string;
}

/** A user that no other test knows. */
export const someUser = () => randomUUID();

export const SCOPES = ['https://www.googleapis.com/auth/calendar.events'];

export class Scene {
  database!: TestDatabase;
  endpoint!: Endpoint;
  #closing: (() => unknown)[] = [];

  /** An instance on this scene's database and endpoint, closed after the test. */
  keep(options: TokenKeepOptions = {}): TokenKeep {
    const keep = createTokenKeep({
      databaseUrl: this.database.url,
      tokenkeepKey: KEY,
      googleClientId: 'client',
      googleClientSecret: 'secret',
      googleTokenUrl: this.endpoint.url,
      ...options,
    });
    this.#closing.push(() => keep.close({ timeoutMs: 1_000 }));
    return keep;
  }

  /** A user as the old service stores one: in plaintext, with so many seconds left. */
  async user(left: number | null = -60, refreshToken?: string): Promise<User> {
    const issued = this.endpoint.issue();
    const user = { id: someUser(), ...issued, refreshToken: refreshToken ?? issued.refreshToken };
    await this.database.client.query(
      `INSERT INTO google_calendar_tokens (user_id, access_token, refresh_token, token_expiry, scopes)
       VALUES ($1, $2, $3, clock_timestamp() + $4 * interval '1 second', $5)`,
      [user.id, user.accessToken, user.refreshToken, left, SCOPES],
    );
    return user;
  }

  /**
   * Has this scene's client refresh a row, so that it is known here: only then is its word believed that
   * a grant is dead.
   */
  async knownClient(): Promise<void> {
    const keep = this.keep();
    await keep.calendar.getCredentialsForUser((await this.user()).id);
    // An instance that closes has written whom it knows.
    await keep.close();
    this.endpoint.requests.length = 0;
  }

  async row(userId: string): Promise<Row | undefined> {
    const { rows } = await this.database.client.query(
      'SELECT * FROM google_calendar_tokens WHERE user_id = $1',
      [userId],
    );
    return rows[0];
  }

  async end(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) await close();
    await this.endpoint.close();
  }
}

/** A scene for all tests of a file; a new endpoint for each. */
export function useScene(): Scene {
  const scene = new Scene();
  beforeAll(async () => {
    scene.database = await emptyDatabase();
    await migrateOn(scene.database, { stores: ['calendar'] });
  });
  beforeEach(async () => {
    scene.endpoint = (await startTokenEndpoint()) as Endpoint;
  });
  afterEach(() => scene.end());
  afterAll(() => scene.database.drop());
  return scene;
}
