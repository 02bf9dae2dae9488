import { readFileSync } from 'node:fs';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as old from '../../support/old-zoho/schema.mjs';
import { emptyDatabase, type TestDatabase } from '../helpers/database';
import { makeTables, migrateOn, tableOf } from '../helpers/tables';

let database: TestDatabase;
beforeEach(async () => {
  database = await emptyDatabase();
});
afterEach(() => database.drop());

const migrate = (options = {}) => migrateOn(database, { stores: ['zoho'] }, options);
const query = async (sql: string) => (await database.client.query(sql)).rows;

const grant = (clientId: string) => ({ clientId, provider: 'zoho_crm', refreshToken: 'old' });

/** The application's upsert. */
async function storeAsBefore(clientId: string, refreshToken: string): Promise<void> {
  const db = drizzle(database.client);
  await db
    .insert(old.oauthTokens)
    .values({ ...grant(clientId), refreshToken })
    .onConflictDoUpdate({
      target: [old.oauthTokens.clientId, old.oauthTokens.provider],
      set: { refreshToken, updatedAt: new Date() },
    });
}

const WITHOUT_TOKENKEEP = [
  'access_token text',
  'client_id character varying(255) NOT NULL',
  'created_at timestamp without time zone NOT NULL DEFAULT now()',
  'id uuid NOT NULL DEFAULT gen_random_uuid()',
  'metadata jsonb',
  'provider character varying(50) NOT NULL',
  'refresh_token text NOT NULL',
  'scopes text',
  'token_expiry timestamp without time zone',
  'updated_at timestamp without time zone NOT NULL DEFAULT now()',
];
const ADDED = [
  'invalid_reason text',
  'invalid_since timestamp with time zone',
  'refreshing_at timestamp with time zone',
];

describe('the migration of the zoho store', () => {
  it('makes the table in an empty database', async () => {
    expect(await migrate()).toEqual([]);
    expect(await tableOf(database, 'oauth_tokens')).toMatchObject({
      columns: [...WITHOUT_TOKENKEEP, ...ADDED].sort(),
      constraints: ['oauth_tokens_pkey PRIMARY KEY (id)'],
      indexes: [
        'CREATE UNIQUE INDEX oauth_tokens_client_provider_unique ON public.oauth_tokens USING btree (client_id, provider)',
        'CREATE UNIQUE INDEX oauth_tokens_pkey ON public.oauth_tokens USING btree (id)',
      ],
    });
  });

  it('brings an application’s table to the same, with its rows, and old code goes on', async () => {
    await migrate();
    const made = await tableOf(database, 'oauth_tokens');
    await query('DROP TABLE oauth_tokens');

    await makeTables(database, old);
    await query(old.UNIQUE_INDEX);
    expect((await tableOf(database, 'oauth_tokens')).columns).toEqual(WITHOUT_TOKENKEEP);
    await storeAsBefore('one', 'first');
    const [before] = await query('SELECT * FROM oauth_tokens');
    expect(await migrate()).toEqual([]);
    expect(await tableOf(database, 'oauth_tokens')).toEqual(made);
    expect(await query('SELECT * FROM oauth_tokens')).toEqual([
      { ...before, refreshing_at: null, invalid_since: null, invalid_reason: null },
    ]);

    await storeAsBefore('one', 'second');
    await storeAsBefore('two', 'third');
    expect(await query('SELECT client_id, refresh_token FROM oauth_tokens ORDER BY 1')).toEqual([
      { client_id: 'one', refresh_token: 'second' },
      { client_id: 'two', refresh_token: 'third' },
    ]);
  });

  it('adds the unique key that an application has forgotten', async () => {
    await makeTables(database, old);
    await expect(storeAsBefore('one', 'first')).rejects.toThrow();
    await migrate();
    await storeAsBefore('one', 'first');
  });

  it.each([
    ['a constraint', 'ALTER TABLE oauth_tokens ADD CONSTRAINT theirs UNIQUE (provider, client_id)'],
    ['an index', 'CREATE UNIQUE INDEX theirs ON oauth_tokens (client_id, provider)'],
    [
      'a wider index',
      'CREATE UNIQUE INDEX theirs ON oauth_tokens (client_id, provider) INCLUDE (id)',
    ],
  ])('is content with %s of the application’s own', async (_, sql) => {
    await makeTables(database, old);
    await query(sql);
    const { indexes } = await tableOf(database, 'oauth_tokens');
    await migrate();
    expect((await tableOf(database, 'oauth_tokens')).indexes).toEqual(indexes);
    await storeAsBefore('one', 'first');
  });

  it.each([
    ['on one column', 'CREATE UNIQUE INDEX theirs ON oauth_tokens (client_id)'],
    ['on more columns', 'CREATE UNIQUE INDEX theirs ON oauth_tokens (client_id, provider, scopes)'],
    [
      'for some rows',
      'CREATE UNIQUE INDEX theirs ON oauth_tokens (client_id, provider) WHERE scopes IS NULL',
    ],
    ['that is not unique', 'CREATE INDEX theirs ON oauth_tokens (client_id, provider)'],
  ])('does not take a key %s for one that an upsert can use', async (_, sql) => {
    await makeTables(database, old);
    await query(sql);
    await migrate();
    await storeAsBefore('one', 'first');
    await storeAsBefore('one', 'second');
    expect(await query('SELECT refresh_token FROM oauth_tokens')).toEqual([
      { refresh_token: 'second' },
    ]);
  });

  it.each([
    ['on more columns', '(client_id, provider, scopes)'],
    ['on an expression more', '(client_id, provider, lower(scopes))'],
    ['for some rows', '(client_id, provider) WHERE scopes IS NULL'],
  ])('sees duplicates that a key %s has let through', async (_, key) => {
    await makeTables(database, old);
    await query(`
      CREATE UNIQUE INDEX theirs ON oauth_tokens ${key};
      INSERT INTO oauth_tokens (client_id, provider, refresh_token, scopes)
      VALUES ('one', 'zoho_crm', 'first', 'a'), ('one', 'zoho_crm', 'second', 'b')`);
    await expect(migrate()).rejects.toThrow('client_id, provider, but 1 have several');
  });

  it('changes nothing when it runs again, waits for no reader, and ten may run at once', async () => {
    await Promise.all(Array.from({ length: 10 }, (_, n) => migrate({ maxConnections: n + 1 })));
    const before = await tableOf(database, 'oauth_tokens');
    await query('BEGIN; SELECT FROM oauth_tokens');
    expect(await migrate()).toEqual([]);
    await query('COMMIT');
    expect(await tableOf(database, 'oauth_tokens')).toEqual(before);
  });

  it('is the same with psql, beside itself', async () => {
    await migrate();
    const made = await tableOf(database, 'oauth_tokens');
    await query('DROP TABLE oauth_tokens');
    const sql = readFileSync('migrations/0002_zoho.sql', 'utf8');
    const psql = async () => {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      await client.query(sql).finally(() => client.end());
    };
    await Promise.all([psql(), psql(), psql(), psql()]);
    expect(await tableOf(database, 'oauth_tokens')).toEqual(made);
  });

  it('shows duplicates that stop the unique key, and keeps the newest when asked to', async () => {
    await makeTables(database, old);
    await query(`
      INSERT INTO oauth_tokens (client_id, provider, refresh_token, updated_at)
      SELECT client_id, provider, n::text, now() + n * interval '1 hour'
      FROM (VALUES ('one', 'zoho_crm'), ('two', 'zoho_crm')) AS keys (client_id, provider),
        generate_series(1, 3) n;
      INSERT INTO oauth_tokens (client_id, provider, refresh_token)
      VALUES ('one', 'zoho_calendar', 'other')`);
    const before = await tableOf(database, 'oauth_tokens');
    const refused = await migrate().catch((error: Error) => error);
    expect(refused).toMatchObject({
      code: 'ERR_TOKENKEEP_SCHEMA',
      message: expect.stringMatching(
        /one row for each client_id, provider, but 2 have several[^]*--store zoho --keep newest/,
      ),
    });
    expect(await tableOf(database, 'oauth_tokens')).toEqual(before);
    const [, find] = /Find them with: (.*?)\. Delete/.exec((refused as Error).message)!;
    expect(await query(find!)).toHaveLength(2);

    await migrateOn(database, { stores: ['zoho'], keep: 'newest' });
    expect(
      await query('SELECT client_id, provider, refresh_token FROM oauth_tokens ORDER BY 1, 2'),
    ).toEqual([
      { client_id: 'one', provider: 'zoho_calendar', refresh_token: 'other' },
      { client_id: 'one', provider: 'zoho_crm', refresh_token: '3' },
      { client_id: 'two', provider: 'zoho_crm', refresh_token: '3' },
    ]);
  });

  it('works in a schema of its own', async () => {
    await query('CREATE SCHEMA "App 1"');
    await makeTables(database, old);
    const before = await tableOf(database, 'oauth_tokens');
    await migrate({ schema: 'App 1' });
    expect(await tableOf(database, 'oauth_tokens')).toEqual(before);
    const { columns, indexes } = await tableOf(database, '"App 1".oauth_tokens');
    expect(columns).toEqual([...WITHOUT_TOKENKEEP, ...ADDED].sort());
    expect(indexes).toHaveLength(2);
  });

  it.each([
    ['DROP scopes, DROP metadata', 'lacks the columns scopes, metadata'],
    ['ALTER token_expiry TYPE timestamptz', 'token_expiry is timestamptz, must be timestamp'],
    ['ALTER updated_at TYPE timestamptz', 'updated_at is timestamptz, must be timestamp'],
    ['ALTER id DROP DEFAULT', 'id is NOT NULL without a default'],
    ['ALTER metadata TYPE text', 'metadata is text, must be jsonb'],
    ['ALTER access_token SET NOT NULL', 'access_token is NOT NULL, must allow NULL'],
    ['ALTER refresh_token DROP NOT NULL', 'refresh_token allows NULL, must be NOT NULL'],
    ['ALTER refresh_token TYPE varchar(500)', 'refresh_token is varchar(500), must hold'],
    ['ALTER client_id TYPE varchar(100)', 'client_id is varchar(100), must hold 255'],
    ['ADD refreshing_at timestamp', 'refreshing_at is timestamp, must be timestamptz'],
    ['ADD UNIQUE (client_id, provider) DEFERRABLE', 'deferrable unique constraint on client_id'],
    ['ADD region text NOT NULL', 'region is NOT NULL without a default'],
  ])('refuses a table after %s, and leaves it as it is', async (change, reason) => {
    await makeTables(database, old);
    await query(`ALTER TABLE oauth_tokens ${change}`);
    const before = await tableOf(database, 'oauth_tokens');
    await expect(migrate()).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_SCHEMA',
      message: expect.stringContaining(reason),
    });
    expect(await tableOf(database, 'oauth_tokens')).toEqual(before);
  });
});
