import { createServer } from 'node:net';
import { once } from 'node:events';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTokenKeep } from '../../dist/index.js';
import { emptyDatabase, keepOn, type TestDatabase } from '../helpers/database';

let database: TestDatabase;
beforeEach(async () => {
  database = await emptyDatabase();
});
afterEach(() => database.drop());

const migrate = (options = {}) => {
  const keep = createTokenKeep({ databaseUrl: database.url, ...options });
  return keep.migrate({ stores: ['gmail'] }).finally(() => keep.close());
};

const connection = {
  userId: 'u',
  tenantId: 't',
  accessToken: 'a',
  refreshToken: 'r',
  expiresAt: new Date(Date.now() + 3_600_000),
  scope: '',
};

describe('migrate beside live traffic', () => {
  it('waits for no reader when there is nothing to do', async () => {
    await database.client.query('CREATE TABLE site_settings (id text)');
    await migrate();
    // As a dump or a report does: a transaction that has read the tables and stays open.
    await database.client.query('BEGIN; SELECT FROM gmail_tokens; SELECT FROM site_settings');
    expect(await migrate()).toHaveLength(2);
    await database.client.query('COMMIT');
  });

  it('finds the table where the role finds it, and makes no second one', async () => {
    await migrate();
    const keep = keepOn(database);
    await keep.gmail.upsertGmailTokens(connection);
    await database.client.query('CREATE SCHEMA postgres');
    await migrate();
    expect(await keep.gmail.hasActiveGmailConnection('u')).toBe(true);
    await keep.close();
    const { rows } = await database.client.query(
      `SELECT count(*)::int FROM pg_tables WHERE tablename = 'gmail_tokens'`,
    );
    expect(rows).toEqual([{ count: 1 }]);
  });

  it('is safe with psql beside itself', async () => {
    const { readFileSync } = await import('node:fs');
    const sql = readFileSync('migrations/0001_gmail.sql', 'utf8');
    const clients = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const client = new pg.Client({ connectionString: database.url });
        client.on('error', () => {});
        await client.connect();
        return client;
      }),
    );
    await Promise.all(clients.map((client) => client.query(sql)));
    await Promise.all(clients.map((client) => client.end()));
  });

  it('says what it left out also where the server keeps notices to itself', async () => {
    const { database: name } = database.client;
    await database.client.query(`ALTER DATABASE ${name} SET client_min_messages = 'warning'`);
    expect(await migrate()).toHaveLength(3);
  });

  it.each(['encrypted_access_token', 'encrypted_refresh_token', 'scope'])(
    'refuses a %s that is too short, or may be NULL',
    async (column) => {
      await migrate();
      await database.client.query(`ALTER TABLE gmail_tokens ALTER ${column} TYPE varchar(20)`);
      await expect(migrate()).rejects.toMatchObject({
        code: 'ERR_TOKENKEEP_SCHEMA',
        message: expect.stringContaining(`${column} is varchar(20), must hold`),
      });
      await database.client.query(
        `ALTER TABLE gmail_tokens ALTER ${column} TYPE text, ALTER ${column} DROP NOT NULL`,
      );
      await expect(migrate()).rejects.toMatchObject({
        message: expect.stringContaining(`${column} allows NULL`),
      });
    },
  );

  it('gives up on a server that accepts and says nothing', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const databaseUrl = `postgres://u@127.0.0.1:${port}/d`;
    await expect(migrate({ databaseUrl, connectTimeoutMs: 300 })).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_DATABASE',
      retryable: true,
    });
    silent.close();
  });
});

describe('row-level security', () => {
  it('is an error of its own where it hides the rows, and never "not connected"', async () => {
    await migrate();
    const owner = keepOn(database);
    await owner.gmail.upsertGmailTokens(connection);
    await database.client.query(`
      CREATE ROLE plain_${database.client.database} LOGIN PASSWORD 'plain';
      GRANT ALL ON gmail_tokens TO plain_${database.client.database}`);
    const url = new URL(database.url);
    [url.username, url.password] = [`plain_${database.client.database}`, 'plain'];
    const { gmail, close } = { gmail: keepOn({ ...database, url: url.href }).gmail, close: owner };
    for (const call of [
      () => gmail.upsertGmailTokens(connection),
      () => gmail.getGmailTokenDecrypted('u'),
      () => gmail.getValidGmailToken('u'),
      () => gmail.hasActiveGmailConnection('u'),
      () => gmail.deleteGmailTokens('u'),
    ]) {
      await expect(call()).rejects.toMatchObject({ name: 'TenantRequiredError' });
    }
    expect(await owner.gmail.hasActiveGmailConnection('u')).toBe(true);
    await close.close();
    await database.client.query(`
      DROP OWNED BY plain_${database.client.database}; DROP ROLE plain_${database.client.database}`);
  });
});
