import crypto from 'node:crypto';

import pg from 'pg';
import { createTokenKeep } from 'tokenkeep';

import { openDatabase } from '../support/postgres.mjs';
import { fill, userIds } from './rows.mjs';
import { countingSettings } from './statements.mjs';

/** @typedef {Awaited<ReturnType<typeof makeDatabase>>} Prepared */

/**
 * Creates a database on the embedded server, or on that of DATABASE_URL. `close` drops it.
 *
 * @param {number} users
 */
export async function prepareDatabase(users) {
  return makeDatabase(await openDatabase({ settings: countingSettings }), users);
}

/**
 * Creates a database with a row per user on a server, which `close` stops if it is embedded.
 *
 * @param {import('../support/postgres.mjs').Database} server
 * @param {number} users
 */
export async function makeDatabase(server, users) {
  const name = `tokenkeep_bench_${crypto.randomBytes(4).toString('hex')}`;
  let client;
  const close = async () => {
    await client?.end();
    await drop(server.url, name).finally(() => server.stop());
  };
  try {
    const databaseUrl = await server.createDatabase(name);
    const encryptionKey = crypto.randomBytes(32).toString('hex');
    await migrate(databaseUrl);
    client = new pg.Client(databaseUrl);
    await client.connect();
    const ids = userIds(users);
    await fill(client, ids, encryptionKey);
    const { version, embedded } = server;
    return { client, databaseUrl, encryptionKey, users: ids, version, embedded, close };
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
}

async function migrate(databaseUrl) {
  const keep = createTokenKeep({ databaseUrl });
  try {
    await keep.migrate({ stores: ['gmail'] });
  } finally {
    await keep.close();
  }
}

async function drop(url, name) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    // Connections of a killed peer may still be open.
    await client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
  } finally {
    await client.end();
  }
}
