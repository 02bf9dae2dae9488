import crypto from 'node:crypto';

import pg from 'pg';
import { createTokenKeep } from 'tokenkeep';

import { migrate } from '../../../support/old-gmail/index.mjs';
import { startPostgres } from '../../../support/postgres.mjs';
import { Member } from '../../drop-in/processes/fleet.mjs';
import { Connections } from './connections.mjs';
import { startSlowProvider } from './slow-provider.mjs';

/** How wrong the clocks of the old processes are: as far as those of servers may be. */
const skewsMs = [4_000, -4_000, 0];

/** An application whose own service keeps Gmail tokens: its tables, its users, its processes. */
export class Application {
  #key = crypto.randomBytes(32).toString('hex');
  #closing = [];
  /** Connections of the test's own, to read and change rows. @type {pg.Pool} */
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
      // end() does not wait until its connections are closed: the server may end one first.
      app.#pool.on('error', () => {});
      app.#closing.push(() => app.#pool.end());
      app.provider = await startSlowProvider();
      app.#closing.push(() => app.provider.close());
      app.connections = new Connections(app.#pool, app.provider, app.#key);
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
    for (const userId of this.users) await this.connections.connect(userId);
  }

  /**
   * Processes of one side, configured by their environment as an application's are.
   *
   * @param {import('../../drop-in/processes/fleet.mjs').Side} side
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
