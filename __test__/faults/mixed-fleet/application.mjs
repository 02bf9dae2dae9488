import crypto from 'node:crypto';

import pg from 'pg';
import { createTokenKeep } from 'tokenkeep';

import { createCrypto, migrate } from '../../../support/old-gmail/index.mjs';
import { startPostgres } from '../../../support/postgres.mjs';
import { Member } from '../../adopt/fleet.mjs';
import { startPacedProvider } from './paced-provider.mjs';

/** How wrong the clocks of the old processes are: as far as those of servers may be. */
const skewsMs = [4_000, -4_000, 0];

/** @typedef {{ accessToken: string, refreshToken: string }} Tokens */

/** An application whose own service keeps Gmail tokens: its tables, its users, its processes. */
export class Application {
  #key = crypto.randomBytes(32).toString('hex');
  #crypto = createCrypto(this.#key);
  #closing = [];
  /** The application's own connections, for looking and meddling. @type {pg.Pool} */
  #pool;
  /** @type {string[]} */
  users = [];

  /** @param {number} count of connected users, whose tokens have run out */
  static async start(count) {
    const app = new Application();
    try {
      const server = await startPostgres();
      app.#closing.push(() => server.stop());
      app.url = server.url;
      app.#pool = new pg.Pool({ connectionString: server.url, max: 4 });
      app.#closing.push(() => app.#pool.end());
      app.provider = await startPacedProvider();
      app.#closing.push(() => app.provider.close());
      await app.#prepare(count);
      return app;
    } catch (error) {
      await app.stop();
      throw error;
    }
  }

  async #prepare(count) {
    await migrate(this.url);
    const keep = createTokenKeep({ databaseUrl: this.url });
    await keep.migrate({ stores: ['gmail'] });
    await keep.close();
    this.users = Array.from({ length: count }, (_, number) => `user-${number + 1}`);
    await this.#pool.query(`INSERT INTO tenants VALUES ('tenant-1', 'One')`);
    await this.#pool.query(
      `INSERT INTO users SELECT id, 'tenant-1', id || '@example' FROM unnest($1::text[]) AS id`,
      [this.users],
    );
    for (const userId of this.users) await this.connect(userId);
  }

  /** A consent, stored as the old service stores it; long ago. @param {string} userId */
  async connect(userId) {
    const { accessToken, refreshToken } = this.provider.issue();
    await this.#pool.query(
      `INSERT INTO gmail_tokens (id, tenant_id, user_id, encrypted_access_token,
         encrypted_refresh_token, expires_at, scope, updated_at)
       VALUES ($1, 'tenant-1', $2, $3, $4, clock_timestamp() - interval '1 hour', '',
         clock_timestamp() - interval '2 hours')
       ON CONFLICT (user_id) DO UPDATE SET encrypted_access_token = $3,
         encrypted_refresh_token = $4, refreshing_at = NULL`,
      [crypto.randomUUID(), userId, ...[accessToken, refreshToken].map(this.#crypto.encryptToken)],
    );
  }

  /** The user's tokens as they are stored. @returns {Promise<Tokens | undefined>} */
  async tokens(userId) {
    const { rows } = await this.#pool.query(
      `SELECT encrypted_access_token AS access, encrypted_refresh_token AS refresh
       FROM gmail_tokens WHERE user_id = $1`,
      [userId],
    );
    const [accessToken, refreshToken] = rows.flatMap(({ access, refresh }) =>
      [access, refresh].map(this.#crypto.decryptToken),
    );
    return rows[0] && { accessToken, refreshToken };
  }

  /** The token runs out; what was left in the row grows as old. @param {string} userId */
  twoHoursPass(userId) {
    return this.#pool.query(
      `UPDATE gmail_tokens SET expires_at = expires_at - interval '2 hours',
         refreshing_at = refreshing_at - interval '2 hours',
         updated_at = updated_at - interval '2 hours' WHERE user_id = $1`,
      [userId],
    );
  }

  /** The token runs out, and nothing else changes. @param {string} userId */
  expire(userId) {
    return this.#pool.query(
      `UPDATE gmail_tokens SET expires_at = clock_timestamp() - interval '1 hour'
       WHERE user_id = $1`,
      [userId],
    );
  }

  /**
   * Processes of one side, configured by their environment as an application's are.
   *
   * @param {import('../../adopt/fleet.mjs').Side} side
   * @param {number} count
   * @param {Record<string, string>} [env]
   */
  async processes(side, count, env = {}) {
    const starting = Array.from({ length: count }, (_, number) =>
      Member.start(side, {
        DATABASE_URL: this.url,
        GMAIL_ENCRYPTION_KEY: this.#key,
        GOOGLE_CLIENT_ID: side,
        GOOGLE_CLIENT_SECRET: 'secret',
        OLD_GOOGLE_TOKEN_URL: this.provider.url,
        OLD_CLOCK_SKEW_MS: `${skewsMs[number % skewsMs.length]}`,
        TOKENKEEP_GOOGLE_TOKEN_URL: this.provider.url,
        TOKENKEEP_MIXED_FLEET: '',
        ...env,
      }),
    );
    const members = await Promise.all(starting);
    this.#closing.push(...members.map((member) => () => member.stop()));
    await Promise.all(members.map((member) => this.#warmUp(member)));
    return members;
  }

  /** Connections are opened and code is compiled before the first token runs out. */
  #warmUp(member) {
    return Promise.all(this.users.map((userId) => member.call('getGmailTokenDecrypted', userId)));
  }

  /** In reverse order: processes end before what they use. */
  async stop() {
    for (const close of this.#closing.reverse()) await close();
  }
}
