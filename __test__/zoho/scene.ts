/** What a test of the zoho store needs: a database for the file, an endpoint and instances a test. */

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { createTokenKeep, type TokenKeep, type TokenKeepOptions } from '../../dist/index.js';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { emptyDatabase, KEY, type TestDatabase } from '../helpers/database';
import { until } from '../helpers/promises';
import type { Endpoint } from '../helpers/scene';
import { migrateOn } from '../helpers/tables';
import { type Environment, type Process, type Side, startProcess } from './processes';
import { open, placeOf } from '../helpers/tk1-format';

/** The application as Zoho knows it. */
export const CREDENTIALS = { clientId: 'oauth-client', clientSecret: 'oauth-secret' };

/** A connected client of the application, whose refresh token the endpoint knows. */
export interface Client {
  id: string;
  accessToken: string;
  refreshToken: string;
}

/** A row of `oauth_tokens`, and the seconds that its access token has left. */
export interface Row {
  id: string;
  client_id: string;
  provider: string;
  access_token: string | null;
  refresh_token: string;
  left: number | null;
  scopes: string | null;
  metadata: Record<string, unknown> | null;
  refreshing_at: Date | null;
  invalid_since: Date | null;
  invalid_reason: string | null;
}

export interface NewRow {
  accessToken?: string | null;
  refreshToken?: string;
  /** Seconds that the access token has left, by the database's clock; NULL: nobody knows. */
  left?: number | null;
  metadata?: Record<string, unknown> | null;
}

/** A client that no other test knows. */
export const someClient = () => `client-${randomUUID()}`;

export class Scene {
  database!: TestDatabase;
  endpoint!: Endpoint;
  #closing: (() => unknown)[] = [];

  /** An instance on this scene's database and endpoint, closed after the test. */
  keep(options: TokenKeepOptions = {}): TokenKeep {
    const keep = createTokenKeep({
      databaseUrl: this.database.url,
      tokenkeepKey: KEY,
      zohoTokenUrl: this.endpoint.url,
      ...options,
    });
    this.#closing.push(() => keep.close({ timeoutMs: 1_000 }));
    return keep;
  }

  /** A process on this scene's database and endpoint, ended after the test. */
  async process(env: Environment = {}, side: Side = 'tokenkeep'): Promise<Process> {
    const started = await startProcess(side, {
      DATABASE_URL: this.database.url,
      TOKENKEEP_KEY: KEY,
      TOKENKEEP_ZOHO_TOKEN_URL: this.endpoint.url,
      OLD_ZOHO_TOKEN_URL: this.endpoint.url,
      ...env,
    });
    this.#closing.push(() => started.stop());
    return started;
  }

  /** A client whose access token has run out, unless `row` says otherwise; in plaintext. */
  async client(row: NewRow = {}): Promise<Client> {
    const issued = this.endpoint.issue();
    const { accessToken = issued.accessToken, refreshToken = issued.refreshToken } = row;
    const { left = -60, metadata = null } = row;
    const id = someClient();
    await this.database.client.query(
      `INSERT INTO oauth_tokens (client_id, provider, access_token, refresh_token, token_expiry,
         metadata, scopes, created_at, updated_at)
       SELECT $1, 'zoho_crm', $2, $3, (now + $4 * interval '1 second') AT TIME ZONE 'UTC',
         $5::jsonb, 'ZohoCRM.modules.ALL', now AT TIME ZONE 'UTC', now AT TIME ZONE 'UTC'
       FROM (SELECT clock_timestamp() - interval '1 minute' AS now) AS clock`,
      [id, accessToken, refreshToken, left === null ? null : left + 60, metadata],
    );
    return { id, ...issued };
  }

  /** What a caller of an instance of these options gets for the client. */
  token({ id }: { id: string }, options: TokenKeepOptions | TokenKeep = {}): Promise<string> {
    const keep = 'zoho' in options ? options : this.keep(options);
    return keep.zoho.getAccessToken(id, 'zoho_crm', CREDENTIALS);
  }

  /**
   * Has this scene's client refresh a row, so that it is known here: only then is its word believed that
   * a grant is dead.
   */
  async knownClient(): Promise<void> {
    const keep = this.keep();
    await this.token(await this.client(), keep);
    // An instance that closes has written whom it knows.
    await keep.close();
    this.endpoint.requests.length = 0;
  }

  async row({ id }: { id: string }): Promise<Row> {
    const { rows } = await this.database.client.query(
      `SELECT *, extract(epoch FROM token_expiry AT TIME ZONE 'UTC' - clock_timestamp())::float8
         AS left FROM oauth_tokens WHERE client_id = $1`,
      [id],
    );
    return rows[0];
  }

  /** The stored tokens, opened by Node's crypto; they must be sealed. */
  async tokens({ id }: { id: string }, key = KEY) {
    const { access_token, refresh_token } = await this.row({ id });
    return {
      accessToken: open(access_token!, placeOf('access_token', id), key),
      refreshToken: open(refresh_token, placeOf('refresh_token', id), key),
    };
  }

  /** Has the access token run out. */
  async expire({ id }: { id: string }): Promise<void> {
    await this.database.client.query(
      `UPDATE oauth_tokens SET token_expiry = clock_timestamp() AT TIME ZONE 'UTC'
         - interval '1 minute' WHERE client_id = $1`,
      [id],
    );
  }

  /** Ends when the endpoint has received so many requests. */
  async requests(count: number): Promise<void> {
    await until(() => this.endpoint.requests.length >= count);
  }

  async open(): Promise<void> {
    this.endpoint = (await startTokenEndpoint()) as Endpoint;
  }

  async close(): Promise<void> {
    await Promise.all(this.#closing.splice(0).map((close) => close()));
    await this.endpoint.close();
  }
}

/** Makes the scene of a test file. */
export function useScene(): Scene {
  const scene = new Scene();
  beforeAll(async () => {
    scene.database = await emptyDatabase();
    await migrateOn(scene.database, { stores: ['zoho'] });
  });
  afterAll(() => scene.database.drop());
  beforeEach(() => scene.open());
  afterEach(() => scene.close());
  return scene;
}
