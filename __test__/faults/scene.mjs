import { randomUUID } from 'node:crypto';

import pg from 'pg';
import { createTokenKeep } from '../../dist/index.js';

import { openDatabase } from '../../support/postgres.mjs';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { readLedger } from './ledger.mjs';
import { KEY, expire, insert, reconnect } from './rows.mjs';

const CLIENT_ID = 'client';

/** Here many users take access back at once, and each of them is to be believed. */
const ENDINGS_WITHOUT_LIMIT = `
  CREATE FUNCTION forget_endings() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN NEW.endings := 0; RETURN NEW; END';
  CREATE TRIGGER forget_endings BEFORE INSERT OR UPDATE ON tokenkeep.oauth_client
    FOR EACH ROW EXECUTE FUNCTION forget_endings()`;

/** @typedef {Awaited<ReturnType<typeof openScene>>} Scene */

/**
 * A database with the gmail table, on a PostgreSQL server of its own, and a provider: by default
 * one that rotates refresh tokens and revokes a family whose spent token comes back.
 *
 * @param {{ settings?: import('../../dist/testing/postgres/cluster.js').Settings, rotate?: boolean }}
 *   [options] settings of the server
 */
export async function openScene({ settings, rotate = true } = {}) {
  const server = await openDatabase({ settings });
  const databaseUrl = await server.createDatabase(`faults_${randomUUID().replaceAll('-', '')}`);
  const database = new pg.Pool({ connectionString: databaseUrl, max: 4 });
  // A connection that dies with the server is replaced by the next query's.
  database.on('error', () => {});
  const endpoint = await startTokenEndpoint({ rotate });
  await migrate(databaseUrl);
  await database.query(ENDINGS_WITHOUT_LIMIT);

  /** @returns {import('./rows.mjs').User} */
  const newUser = () => ({ id: `user-${randomUUID()}`, ...endpoint.issue() });

  /** Users whose access tokens have run out. @param {number} count */
  const connect = async (count) => {
    const users = Array.from({ length: count }, newUser);
    for (const user of users) await insert(database, user);
    return users;
  };

  /**
   * What an instance or a process is opened with; `name` is its own in the provider's record, as
   * `form.client_secret`. All of them are one client, as the processes of an application are: a
   * row is marked revoked only when a proven client was refused.
   *
   * @param {string} name
   * @param {import('tokenkeep').TokenKeepOptions} [more]
   * @returns {import('tokenkeep').TokenKeepOptions}
   */
  const options = (name, more = {}) => ({
    databaseUrl,
    gmailEncryptionKey: KEY,
    googleClientId: CLIENT_ID,
    googleClientSecret: name,
    googleTokenUrl: endpoint.url,
    ...more,
  });

  const [proof] = await connect(1);
  await proveClient(options('proof'), proof);

  return {
    server,
    databaseUrl,
    database,
    endpoint,
    options,
    connect,
    /** A user takes back the grant and gives a new one. @param {import('./rows.mjs').User} user */
    reconnect: async (user) => {
      endpoint.revoke(user.refreshToken);
      await reconnect(database, Object.assign(user, endpoint.issue()));
    },
    /** @param {import('./rows.mjs').User[]} users */
    expire: (users) =>
      expire(
        database,
        users.map(({ id }) => id),
      ),
    /**
     * @param {import('./rows.mjs').User[]} users
     * @param {Pick<Parameters<typeof readLedger>[0], 'unreceived' | 'overdue'>} [excuses]
     */
    ledger: (users, excuses) => readLedger({ endpoint, database, users, ...excuses }),
    close: async () => {
      await endpoint.close();
      await database.end();
      await drop(server.url, new URL(databaseUrl).pathname.slice(1));
      await server.stop();
    },
  };
}

async function migrate(databaseUrl) {
  const keep = createTokenKeep({ databaseUrl });
  try {
    await keep.migrate({ stores: ['gmail'] });
  } finally {
    await keep.close();
  }
}

/** Rows come without tokenkeep: their client is believed once it has refreshed one of them. */
async function proveClient(options, user) {
  const keep = createTokenKeep(options);
  try {
    await keep.gmail.getValidGmailToken(user.id);
  } finally {
    await keep.close();
  }
}

/** Of a server that is not ours nothing must stay behind. */
async function drop(url, name) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
  } finally {
    await client.end();
  }
}
