import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTokenKeep, type TokenKeep } from '../../dist/index.js';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { emptyDatabase, KEY, type TestDatabase } from '../helpers/database';
import { failureOf } from '../helpers/promises';
import { migrateOn, tableOf } from '../helpers/tables';

let database: TestDatabase;
beforeEach(async () => {
  database = await emptyDatabase();
});
afterEach(() => database.drop());

const migrate = (options = {}) => migrateOn(database, { stores: ['integration'] }, options);
const query = async (sql: string) => (await database.client.query(sql)).rows;
const table = () => tableOf(database, 'integration_tokens');

const ID = 'text PRIMARY KEY DEFAULT gen_random_uuid()';

/** The table as an application makes it by hand. */
const madeByHand = (id = ID) =>
  query(`
    CREATE TABLE integration_tokens (
      id ${id},
      user_id text NOT NULL,
      provider text NOT NULL,
      access_token text NOT NULL,
      refresh_token text,
      expires_at timestamptz NOT NULL,
      scopes text[] NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now())`);
const UNIQUE =
  'CREATE UNIQUE INDEX integration_tokens_user_provider_unique ON integration_tokens (user_id, provider)';

/** The application's upsert, of columns that it knows; with `ids` it makes them itself. */
async function storeAsBefore(userId: string, refreshToken: string, ids?: () => unknown) {
  const columns = 'user_id, provider, access_token, refresh_token, expires_at, scopes';
  await database.client.query(
    `INSERT INTO integration_tokens (${columns}${ids ? ', id' : ''})
     VALUES ($1, 'google', 'access', $2, now() + interval '1 hour', '{read}'${ids ? ', $3' : ''})
     ON CONFLICT (user_id, provider) DO UPDATE
     SET refresh_token = EXCLUDED.refresh_token, updated_at = now()`,
    [userId, refreshToken, ...(ids ? [ids()] : [])],
  );
}

/** Stores a token with tokenkeep. */
async function storeWithTokenkeep(userId: string, keep?: TokenKeep): Promise<void> {
  const used = keep ?? createTokenKeep({ databaseUrl: database.url, tokenkeepKey: KEY });
  const token = { accessToken: 'at', refreshToken: 'rt', expiresAt: new Date(), scopes: ['read'] };
  await used.integration.storeToken(userId, 'google', token);
  if (!keep) await used.close();
}

const WITHOUT_TOKENKEEP = [
  'access_token text NOT NULL',
  'created_at timestamp with time zone NOT NULL DEFAULT now()',
  'expires_at timestamp with time zone NOT NULL',
  'id text NOT NULL DEFAULT gen_random_uuid()',
  'provider text NOT NULL',
  'refresh_token text',
  'scopes text[] NOT NULL',
  'updated_at timestamp with time zone NOT NULL DEFAULT now()',
  'user_id text NOT NULL',
];
const ADDED = [
  'failure_count integer NOT NULL DEFAULT 0',
  'invalid_reason text',
  'invalid_since timestamp with time zone',
  'last_error_code text',
  'last_refreshed_at timestamp with time zone',
  'metadata jsonb',
  'refreshing_at timestamp with time zone',
];
const ADDED_VALUES = {
  failure_count: 0,
  invalid_reason: null,
  invalid_since: null,
  last_error_code: null,
  last_refreshed_at: null,
  metadata: null,
  refreshing_at: null,
};

describe('the migration of the integration store', () => {
  it('makes the table in an empty database', async () => {
    expect(await migrate()).toEqual([]);
    expect(await table()).toMatchObject({
      columns: [...WITHOUT_TOKENKEEP, ...ADDED].sort(),
      constraints: ['integration_tokens_pkey PRIMARY KEY (id)'],
      indexes: [
        'CREATE INDEX integration_tokens_expires_at ON public.integration_tokens USING btree (expires_at)',
        'CREATE UNIQUE INDEX integration_tokens_pkey ON public.integration_tokens USING btree (id)',
        'CREATE UNIQUE INDEX integration_tokens_user_provider_unique ON public.integration_tokens USING btree (user_id, provider)',
      ],
    });
    await storeWithTokenkeep('one');
  });

  it('makes what connecting users needs, once', async () => {
    const tables = () =>
      query(`SELECT tablename FROM pg_tables WHERE schemaname = 'tokenkeep' ORDER BY 1`);
    await Promise.all(Array.from({ length: 10 }, migrate));
    expect(await tables()).toEqual([
      { tablename: 'migrations' },
      { tablename: 'oauth_account' },
      { tablename: 'oauth_client' },
      { tablename: 'oauth_state' },
      { tablename: 'refresh_state' },
    ]);
    await query(`INSERT INTO tokenkeep.oauth_state VALUES ('a', 'state', 'tk1.', now())`);
    await query(`INSERT INTO tokenkeep.oauth_account VALUES ('', 'integration', 'a', 'b')`);
    await migrate();
    expect(await query('SELECT id FROM tokenkeep.oauth_state')).toEqual([{ id: 'a' }]);
    expect(await query('SELECT key FROM tokenkeep.oauth_account')).toEqual([{ key: 'a' }]);
  });

  it('brings an application’s table to the same, with its rows, and old code goes on', async () => {
    await migrate();
    const made = await table();
    await query('DROP TABLE integration_tokens');
    await madeByHand();
    await query(UNIQUE);
    expect((await table()).columns).toEqual(WITHOUT_TOKENKEEP);
    await storeAsBefore('one', 'first');
    const [before] = await query('SELECT * FROM integration_tokens');
    expect(await migrate()).toEqual([]);
    expect(await table()).toEqual(made);
    expect(await query('SELECT * FROM integration_tokens')).toEqual([
      { ...before, ...ADDED_VALUES },
    ]);
    await storeAsBefore('one', 'second');
    await storeAsBefore('two', 'third');
    expect(await query('SELECT user_id, refresh_token FROM integration_tokens ORDER BY 1')).toEqual(
      [
        { user_id: 'one', refresh_token: 'second' },
        { user_id: 'two', refresh_token: 'third' },
      ],
    );
  });

  it.each([
    ['a text with a default', ID],
    ['a UUID', 'uuid PRIMARY KEY DEFAULT gen_random_uuid()'],
    ['an identity', 'bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY'],
    ['a number of a sequence', 'serial PRIMARY KEY'],
    ['a column beside another key', 'text DEFAULT NULL, row_id serial PRIMARY KEY'],
  ])('leaves an id alone that is %s', async (_, id) => {
    await madeByHand(id);
    const idColumns = async () =>
      (await table()).columns.filter((column) => /^(id|row_id) /.test(column));
    const before = await idColumns();
    expect(await migrate()).toEqual([]);
    expect(await idColumns()).toEqual(before);
    await storeAsBefore('one', 'first');
    await storeWithTokenkeep('two');
    await storeWithTokenkeep('two');
    expect(await query('SELECT user_id FROM integration_tokens ORDER BY 1')).toEqual([
      { user_id: 'one' },
      { user_id: 'two' },
    ]);
  });

  // It fails as long as an id without a default is refused before the migration can give it one.
  it.each([
    ['text', 'text PRIMARY KEY'],
    ['UUID', 'uuid PRIMARY KEY'],
    ['varchar', 'varchar(64) PRIMARY KEY'],
  ])('gives a %s that an application makes itself a default, for rows of ours', async (_, id) => {
    await madeByHand(id);
    await query(UNIQUE);
    await storeAsBefore('one', 'first', randomUUID);
    expect(await migrate()).toEqual([]);
    await storeAsBefore('one', 'second', randomUUID);
    await storeAsBefore('two', 'third', randomUUID);
    await storeWithTokenkeep('three');
    const ids = await query('SELECT id FROM integration_tokens');
    expect(ids).toHaveLength(3);
    for (const { id } of ids) expect(id).toMatch(/^[\da-f-]{36}$/);
    const before = await table();
    expect(await migrate()).toEqual([]);
    expect(await table()).toEqual(before);
  });

  it('adds the unique key that an application has forgotten', async () => {
    await madeByHand();
    await expect(storeAsBefore('one', 'first')).rejects.toThrow('ON CONFLICT');
    await migrate();
    await storeAsBefore('one', 'first');
  });

  it.each([
    ['a constraint', 'ALTER TABLE integration_tokens ADD UNIQUE (provider, user_id)'],
    ['an index', 'CREATE UNIQUE INDEX theirs ON integration_tokens (user_id, provider)'],
    [
      'a primary key',
      'ALTER TABLE integration_tokens DROP id, ADD PRIMARY KEY (user_id, provider)',
    ],
  ])('is content with %s of the application’s own', async (_, sql) => {
    await madeByHand();
    await query(sql);
    const keys = async () =>
      (await table()).indexes.filter((index) => index.startsWith('CREATE UNIQUE'));
    const before = await keys();
    await migrate();
    expect(await keys()).toEqual(before);
    await storeAsBefore('one', 'first');
    await storeWithTokenkeep('one');
  });

  it.each([
    ['on one column', 'CREATE UNIQUE INDEX theirs ON integration_tokens (user_id, scopes)'],
    ['on more columns', 'CREATE UNIQUE INDEX theirs ON integration_tokens (user_id, provider, id)'],
    [
      'for some rows',
      `CREATE UNIQUE INDEX theirs ON integration_tokens (user_id, provider)
       WHERE refresh_token IS NULL`,
    ],
    ['that is not unique', 'CREATE INDEX theirs ON integration_tokens (user_id, provider)'],
  ])('does not take a key %s for one that an upsert can use', async (_, sql) => {
    await madeByHand();
    await query(sql);
    await migrate();
    await storeAsBefore('one', 'first');
    await storeAsBefore('one', 'second');
    expect(await query('SELECT refresh_token FROM integration_tokens')).toEqual([
      { refresh_token: 'second' },
    ]);
  });

  it('is content with an index of the application’s own on the expiry', async () => {
    await madeByHand();
    await query('CREATE INDEX theirs ON integration_tokens (expires_at, user_id)');
    await migrate();
    const { indexes } = await table();
    expect(indexes.filter((index) => index.includes('(expires_at'))).toHaveLength(1);
  });

  it('changes nothing when it runs again, waits for no reader, and ten may run at once', async () => {
    await madeByHand();
    await Promise.all(Array.from({ length: 10 }, (_, n) => migrate({ maxConnections: n + 1 })));
    const before = await table();
    expect(before.columns).toEqual([...WITHOUT_TOKENKEEP, ...ADDED].sort());
    await query('BEGIN; SELECT FROM integration_tokens');
    expect(await migrate()).toEqual([]);
    await query('COMMIT');
    expect(await table()).toEqual(before);
  });

  it('is the same with psql, beside itself', async () => {
    await migrate();
    const made = await table();
    await query('DROP TABLE integration_tokens; DROP SCHEMA tokenkeep CASCADE');
    const files = ['0006_integration', '0005_oauth', '0008_integration'];
    const sql = files.map((name) => readFileSync(`migrations/${name}.sql`, 'utf8')).join('\n');
    const psql = async () => {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      await client.query(sql).finally(() => client.end());
    };
    await Promise.all([psql(), psql(), psql(), psql()]);
    expect(await table()).toEqual(made);
    await storeWithTokenkeep('one');
  });

  it('shows duplicates that stop the unique key, and keeps the newest when asked to', async () => {
    await madeByHand();
    await query(`
      INSERT INTO integration_tokens
        (user_id, provider, access_token, refresh_token, expires_at, scopes, updated_at)
      SELECT user_id, 'google', 'access', n::text, now(), '{}', now() + n * interval '1 hour'
      FROM (VALUES ('one'), ('two')) AS users (user_id), generate_series(1, 3) n;
      INSERT INTO integration_tokens (user_id, provider, access_token, expires_at, scopes)
      VALUES ('one', 'google#work', 'access', now(), '{}')`);
    const before = await table();
    const refused = await failureOf(migrate());
    expect(refused).toMatchObject({
      code: 'ERR_TOKENKEEP_SCHEMA',
      message: expect.stringMatching(
        /one row for each user_id, provider, but 2 have several[^]*--store integration --keep newest/,
      ),
    });
    expect(await table()).toEqual(before);
    const [, find] = /Find them with: (.*?)\. Delete/.exec(refused.message)!;
    expect(await query(find!)).toMatchObject([{ count: '3' }, { count: '3' }]);

    await migrateOn(database, { stores: ['integration'], keep: 'newest' });
    expect(
      await query('SELECT user_id, provider, refresh_token FROM integration_tokens ORDER BY 1, 2'),
    ).toEqual([
      { user_id: 'one', provider: 'google', refresh_token: '3' },
      { user_id: 'one', provider: 'google#work', refresh_token: null },
      { user_id: 'two', provider: 'google', refresh_token: '3' },
    ]);
  });

  it('works in a schema of its own', async () => {
    await query('CREATE SCHEMA "App 1"');
    await madeByHand();
    const before = await table();
    await migrate({ schema: 'App 1' });
    expect(await table()).toEqual(before);
    const { columns, indexes } = await tableOf(database, '"App 1".integration_tokens');
    expect(columns).toEqual([...WITHOUT_TOKENKEEP, ...ADDED].sort());
    expect(indexes).toHaveLength(3);
    const keep = createTokenKeep({ databaseUrl: database.url, tokenkeepKey: KEY, schema: 'App 1' });
    await storeWithTokenkeep('one', keep).finally(() => keep.close());
    expect(await query('SELECT user_id FROM "App 1".integration_tokens')).toHaveLength(1);
  });

  it.each([
    ['DROP scopes, DROP expires_at', 'lacks the columns expires_at, scopes'],
    ['ALTER user_id TYPE uuid USING user_id::uuid', 'user_id is uuid, must be text or varchar'],
    ['ALTER expires_at TYPE timestamp', 'expires_at is timestamp, must be timestamptz'],
    ['ALTER updated_at TYPE timestamp', 'updated_at is timestamp, must be timestamptz'],
    ['ALTER scopes TYPE text USING scopes::text', 'scopes is text, must be _text'],
    ['ALTER refresh_token SET NOT NULL', 'refresh_token is NOT NULL, must allow NULL'],
    ['ALTER access_token DROP NOT NULL', 'access_token allows NULL, must be NOT NULL'],
    ['ALTER access_token TYPE varchar(2048)', 'access_token is varchar(2048), must hold'],
    ['ALTER provider TYPE varchar(50)', 'provider is varchar(50), must hold 1024'],
    ['ADD refreshing_at timestamp', 'refreshing_at is timestamp, must be timestamptz'],
    ['ADD failure_count text NOT NULL DEFAULT 0', 'failure_count is text, must be int4'],
    ['ADD UNIQUE (user_id, provider) DEFERRABLE', 'deferrable unique constraint on user_id'],
    ['ADD region text NOT NULL', 'region is NOT NULL without a default'],
    ['DROP id, ADD id integer PRIMARY KEY', 'id is NOT NULL without a default'],
  ])('refuses a table after %s, and leaves it as it is', async (change, reason) => {
    await madeByHand();
    await query(`ALTER TABLE integration_tokens ${change}`);
    const before = await table();
    await expect(migrate()).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_SCHEMA',
      message: expect.stringContaining(reason),
    });
    expect(await table()).toEqual(before);
  });
});

describe('a table that was not migrated', () => {
  it('is read and written, and stays as it is; only refreshing says what to run', async () => {
    await madeByHand();
    await query(UNIQUE);
    const before = await table();
    const google = await startTokenEndpoint();
    const keep = createTokenKeep({
      databaseUrl: database.url,
      tokenkeepKey: KEY,
      googleClientId: 'client',
      googleClientSecret: 'secret',
      googleTokenUrl: google.url,
    });
    const { storeToken, getToken, getValidToken, connectionStatus } = keep.integration;
    const lacks = {
      code: 'ERR_TOKENKEEP_SCHEMA',
      message: expect.stringContaining('npx tokenkeep migrate'),
    };
    try {
      const { accessToken, refreshToken } = google.issue();
      const store = (left: number) =>
        storeToken('one', 'google', {
          accessToken,
          refreshToken,
          expiresAt: new Date(Date.now() + left * 1_000),
        });
      await store(3_600);
      expect(await getToken('one', 'google')).toMatchObject({ accessToken, refreshToken });
      expect(await getValidToken('one', 'google')).toMatchObject({ accessToken });
      const users = Array.from({ length: 20 }, () => randomUUID());
      for (const user of users) await storeAsBefore(user, 'plain');
      const found = await Promise.all(users.map((user) => getToken(user, 'google')));
      expect(found).toEqual(users.map(() => expect.objectContaining({ refreshToken: 'plain' })));

      await store(-1);
      expect(await failureOf(getValidToken('one', 'google'))).toMatchObject(lacks);
      expect(await failureOf(connectionStatus('one', 'google'))).toMatchObject(lacks);
      expect(google.requests).toHaveLength(0);
      await store(120);
      expect(await getValidToken('one', 'google')).toMatchObject({ accessToken });
      expect(await table()).toEqual(before);

      await store(-1);
      await migrate();
      expect((await getValidToken('one', 'google')).accessToken).not.toBe(accessToken);
      expect(google.requests).toHaveLength(1);
    } finally {
      await keep.close();
      await google.close();
    }
  });
});

it('a table that was renamed keeps the names of its indexes: the error says which and what to do', async () => {
  await migrate();
  await query('ALTER TABLE integration_tokens RENAME TO integration_tokens_old');
  expect(await failureOf(migrate())).toMatchObject({
    code: 'ERR_TOKENKEEP_SCHEMA',
    message: expect.stringMatching(
      /a table or index "integration_tokens_\w+" exists already.*SQLSTATE 42P07.*rename or drop/,
    ),
  });
});
