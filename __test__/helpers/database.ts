/** A fresh database for a test file, with the gmail table in it, and a look at it from outside. */

import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { createTokenKeep, type TokenKeepOptions } from '../../dist/index.js';

/** Keys that seal nothing outside tests. */
export const KEY = '11'.repeat(32);
export const OTHER_KEY = '22'.repeat(32);

export interface TestDatabase {
  url: string;
  /** A client of the test's own, to read and change rows. */
  client: pg.Client;
  drop(): Promise<void>;
}

/** Makes an empty database, on the server of the whole run unless another is named. */
export async function emptyDatabase(server = inject('databaseUrl')): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await administer(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const client = new pg.Client({ connectionString: url.href });
  client.on('error', () => {});
  await client.connect();
  return {
    url: url.href,
    client,
    async drop() {
      await client.end();
      await administer(server, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** Makes another database on the same server, of an encoding; gives its URL. */
export async function databaseOf(beside: TestDatabase, encoding: string): Promise<string> {
  const name = `${beside.client.database}_${encoding.toLowerCase()}`;
  await beside.client.query(
    `CREATE DATABASE ${name} ENCODING '${encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'`,
  );
  const url = new URL(beside.url);
  url.pathname = `/${name}`;
  return url.href;
}

/** Makes a database with the gmail table. */
export async function gmailDatabase(): Promise<TestDatabase> {
  const database = await emptyDatabase();
  const keep = createTokenKeep({ databaseUrl: database.url });
  await keep.migrate({ stores: ['gmail'] });
  await keep.close();
  return database;
}

/** An instance with everything that the gmail store can need. */
export function keepOn(database: Pick<TestDatabase, 'url'>, options: TokenKeepOptions = {}) {
  return createTokenKeep({
    databaseUrl: database.url,
    gmailEncryptionKey: KEY,
    googleClientId: 'client',
    googleClientSecret: 'secret',
    ...options,
  });
}

async function administer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
