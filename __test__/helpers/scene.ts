/** What a test of refreshing needs: a database for the file, an endpoint and instances a test. */

import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { TokenKeep, TokenKeepOptions } from '../../dist/index.js';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { gmailDatabase, keepOn, type TestDatabase } from './database';
import { until } from './promises';
import { type NewRow, insertRow, rowOf, tokensOf } from './rows';

export type Endpoint = Omit<Awaited<ReturnType<typeof startTokenEndpoint>>, 'issue'> & {
  issue(): { accessToken: string; refreshToken: string };
};

/** Limits a tenth of the real ones: lease 3 s, takeover grace 0.5 s, unknown-outcome limit 1 min. */
export const SCALED: TokenKeepOptions = { limitsDivisor: 10, waitMs: 30_000 };

/** A connected user, whose refresh token the endpoint knows. */
export interface User {
  id: string;
  accessToken: string;
  refreshToken: string;
}

export class Scene {
  database!: TestDatabase;
  endpoint!: Endpoint;
  #keeps: TokenKeep[] = [];

  /** An instance on this scene's database and endpoint, closed after the test. */
  keep(options: TokenKeepOptions = {}): TokenKeep {
    const keep = keepOn(this.database, { googleTokenUrl: this.endpoint.url, ...options });
    this.#keeps.push(keep);
    return keep;
  }

  /** A user whose access token has run out, unless `row` says otherwise. */
  async user(row: NewRow = {}): Promise<User> {
    const issued = this.endpoint.issue();
    const id = await insertRow(this.database, { ...issued, ...row });
    return { id, ...issued };
  }

  /**
   * Has this scene's client refresh a row, so that it is known here: only then is its word believed that
   * a grant is dead.
   */
  async knownClient(): Promise<void> {
    const keep = this.keep();
    await keep.gmail.getValidGmailToken((await this.user()).id);
    // An instance that closes has written whom it knows.
    await keep.close();
    this.endpoint.requests.length = 0;
  }

  row(user: User) {
    return rowOf(this.database, user.id);
  }

  tokens(user: User) {
    return tokensOf(this.database, user.id);
  }

  /** Ends when the endpoint has received so many requests. */
  async requests(count: number): Promise<void> {
    await until(() => this.endpoint.requests.length >= count);
  }

  async open(): Promise<void> {
    this.endpoint = (await startTokenEndpoint()) as Endpoint;
  }

  async close(): Promise<void> {
    await Promise.all(this.#keeps.splice(0).map((keep) => keep.close({ timeoutMs: 1_000 })));
    await this.endpoint.close();
  }
}

/** Makes the scene of a test file. */
export function useScene(): Scene {
  const scene = new Scene();
  beforeAll(async () => {
    scene.database = await gmailDatabase();
  });
  afterAll(() => scene.database.drop());
  beforeEach(() => scene.open());
  afterEach(() => scene.close());
  return scene;
}
