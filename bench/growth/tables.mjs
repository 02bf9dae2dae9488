import crypto from 'node:crypto';

import pg from 'pg';
import { createTokenKeep } from 'tokenkeep';

import { createCrypto } from '../../support/old-gmail/index.mjs';
import { newTokens, scope, tenantId } from '../tokens.mjs';

/**
 * A database with a large `gmail_tokens`. All rows have the same sealed texts, which can be opened in every
 * row, so that only finding and writing rows is measured.
 *
 * @typedef {object} GrowthTable
 * @property {string} databaseUrl
 * @property {pg.Client} client
 * @property {number} rows
 * @property {() => Promise<void>} drop
 */

/** One of this many rows has expired before the measurement. */
const EXPIRED_EVERY = 2;
const EXPIRED_EVERY_OF_MANY = 100;
const MANY = 1_000_000;
const TRIES_MAX = 1_000_000;

const expiredEvery = (rows) => (rows < MANY ? EXPIRED_EVERY : EXPIRED_EVERY_OF_MANY);

/** @param {number} number of a row, from 1 */
const userOf = (number) => crypto.hash('md5', `${number}`);

/**
 * @param {import('../database.mjs').Prepared} database
 * @param {{ rows: number, fillfactor?: number }} size
 * @returns {Promise<GrowthTable>}
 */
export async function makeTable({ client: server, databaseUrl, encryptionKey }, size) {
  const { rows, fillfactor = 100 } = size;
  const name = `tokenkeep_bench_growth_${crypto.randomBytes(4).toString('hex')}`;
  await server.query(`CREATE DATABASE ${name}`);
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  const client = new pg.Client(url.href);
  await client.connect();
  const drop = async () => {
    await client.end();
    await server.query(`DROP DATABASE ${name} WITH (FORCE)`);
  };
  await migrate(url.href);
  await client.query(`ALTER TABLE gmail_tokens SET (fillfactor = ${fillfactor})`);
  await fill(client, rows, encryptionKey);
  // Recreates the indexes that were dropped for filling the table.
  await migrate(url.href);
  await client.query('VACUUM ANALYZE');
  await client.query('CHECKPOINT');
  return { databaseUrl: url.href, client, rows, drop };
}

async function migrate(databaseUrl) {
  const keep = createTokenKeep({ databaseUrl });
  await keep.migrate({ stores: ['gmail', 'integration', 'vault'] });
  await keep.close();
}

async function fill(client, rows, encryptionKey) {
  const { encryptToken } = createCrypto(encryptionKey);
  const { accessToken, refreshToken } = newTokens();
  await client.query(`
    ALTER TABLE gmail_tokens DROP CONSTRAINT gmail_tokens_user_id_unique,
      DROP CONSTRAINT gmail_tokens_pkey;
    DROP INDEX gmail_tokens_user_id_idx, gmail_tokens_tenant_id_idx`);
  await client.query(
    `INSERT INTO gmail_tokens (id, tenant_id, user_id, encrypted_access_token,
       encrypted_refresh_token, expires_at, scope)
     SELECT gen_random_uuid(), $6, md5(n::text), $2, $3,
       now() + CASE WHEN n % $4 = 0 THEN interval '-1 minute' ELSE interval '1 day' END, $5
     FROM generate_series(1, $1::int) AS n`,
    [
      rows,
      encryptToken(accessToken),
      encryptToken(refreshToken),
      expiredEvery(rows),
      scope,
      tenantId,
    ],
  );
  await client.query('ALTER TABLE gmail_tokens ADD PRIMARY KEY (id)');
}

/** Random users of a table, each at most once. */
export class Users {
  #rows;
  #given = new Set();

  /** @param {GrowthTable} table */
  constructor({ rows }) {
    this.#rows = rows;
  }

  /** Users with a fresh token. @param {number} count */
  fresh(count) {
    const every = expiredEvery(this.#rows);
    return this.#take(count, (number) => number % every !== 0);
  }

  /** Users with an expired token. @param {number} count */
  expired(count) {
    const every = expiredEvery(this.#rows);
    return this.#take(count, () => true, every);
  }

  #take(count, suits, step = 1) {
    const users = [];
    for (let tries = 0; users.length < count; tries++) {
      if (tries > TRIES_MAX) throw new Error(`${this.#rows} rows are not enough for the rounds`);
      const number = step * (1 + Math.floor((Math.random() * this.#rows) / step));
      if (number > this.#rows || !suits(number) || this.#given.has(number)) continue;
      this.#given.add(number);
      users.push(userOf(number));
    }
    return users;
  }
}
