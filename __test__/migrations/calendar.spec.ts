import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTokenKeep } from '../../dist/index.js';
import { emptyDatabase, KEY, type TestDatabase } from '../helpers/database';
import { failureOf } from '../helpers/promises';
import { migrateOn, tableOf } from '../helpers/tables';

let database: TestDatabase;
beforeEach(async () => {
  database = await emptyDatabase();
});
afterEach(() => database.drop());

const USER = '6f0f9f2e-3b1a-4f0e-9d35-0d8f9a1c2b3d';
const migrate = () => migrateOn(database, { stores: ['calendar'] });
const query = async (sql: string) => (await database.client.query(sql)).rows;

/** What Supabase has, as far as the table needs it. */
const supabase = () =>
  query(`
    CREATE SCHEMA auth;
    CREATE TABLE auth.users (id uuid PRIMARY KEY);
    INSERT INTO auth.users VALUES ('${USER}');
    CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
      AS $$ SELECT nullif(current_setting('request.jwt.claim.sub', true), '')::uuid $$`);

/** The table as the old service's own migration makes it. */
const madeByHand = () =>
  query(`
    CREATE TABLE google_calendar_tokens (
      user_id uuid PRIMARY KEY REFERENCES auth.users(id) ON DELETE CASCADE,
      access_token text NOT NULL, refresh_token text NOT NULL, token_expiry timestamptz,
      scopes text[], updated_at timestamptz DEFAULT now());
    ALTER TABLE google_calendar_tokens ENABLE ROW LEVEL SECURITY;
    CREATE POLICY "user owns google token" ON google_calendar_tokens
      FOR ALL USING (auth.uid() = user_id)`);

const policies = () =>
  query(`SELECT policyname, cmd, qual FROM pg_policies WHERE tablename = 'google_calendar_tokens'`);

describe('the calendar migration', () => {
  it('makes the table without Supabase, and says what it left out', async () => {
    const leftOut = await migrate();
    expect(leftOut).toHaveLength(2);
    expect(leftOut.join('\n')).toMatch(/row-level security[^]*auth\.uid\(\)[^]*auth\.users/);
    expect(await policies()).toEqual([]);
    expect(await migrate()).toHaveLength(2);
  });

  it('makes on Supabase what the old service makes by hand, and the lease', async () => {
    await supabase();
    expect(await migrate()).toEqual([]);
    const ours = await tableOf(database, 'google_calendar_tokens');
    const policy = await policies();
    expect(policy).toHaveLength(1);
    await query('DROP TABLE google_calendar_tokens');
    await madeByHand();
    expect(await migrate()).toEqual([]);
    expect(await tableOf(database, 'google_calendar_tokens')).toEqual(ours);
    expect(await policies()).toEqual(policy);
  });

  it('is safe when ten run at once', async () => {
    await supabase();
    expect(await Promise.all(Array.from({ length: 10 }, migrate))).toEqual(Array(10).fill([]));
  });

  it('leaves a table that has no row-level security without it, and says so', async () => {
    await migrate();
    await supabase();
    const leftOut = await migrate();
    expect(leftOut).toEqual([expect.stringMatching(/row-level security.*is there without it/)]);
    expect(await policies()).toEqual([]);
  });
});

describe('a schema auth that is not Supabase’s', () => {
  const role = `migrator_${process.pid}`;

  it('is left alone by a role that may not look into it', async () => {
    await supabase();
    await query(`CREATE ROLE ${role} LOGIN PASSWORD 'role';
      GRANT ALL ON SCHEMA public TO ${role};
      GRANT CREATE ON DATABASE ${database.client.database} TO ${role}`);
    try {
      const url = new URL(database.url);
      [url.username, url.password] = [role, 'role'];
      const leftOut = await migrateOn(
        database,
        { stores: ['calendar'] },
        { databaseUrl: url.href },
      );
      expect(leftOut.join('\n')).toMatch(/row-level security[^]*foreign key/);
      expect(await policies()).toEqual([]);
    } finally {
      await query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
    }
  });

  it('is left alone when its users have other keys', async () => {
    await query(`
      CREATE SCHEMA auth;
      CREATE TABLE auth.users (id text PRIMARY KEY);
      CREATE FUNCTION auth.uid() RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$`);
    expect((await migrate()).join('\n')).toMatch(/gives a uuid[^]*no such uuid column/);
    expect(await policies()).toEqual([]);
  });
});

describe('what connecting users needs', () => {
  const tables = () =>
    query(`SELECT tablename FROM pg_tables WHERE schemaname = 'tokenkeep' ORDER BY 1`);

  it('is made once, beside the bookkeeping, also by ten at once', async () => {
    await Promise.all(Array.from({ length: 10 }, migrate));
    expect(await tables()).toEqual([
      { tablename: 'migrations' },
      { tablename: 'oauth_account' },
      { tablename: 'oauth_client' },
      { tablename: 'oauth_state' },
      { tablename: 'refresh_state' },
    ]);
    await query(`INSERT INTO tokenkeep.oauth_state VALUES ('a', 'state', 'tk1.', now())`);
    await migrate();
    expect(await query('SELECT id FROM tokenkeep.oauth_state')).toEqual([{ id: 'a' }]);
  });

  it('is made for no other store', async () => {
    await migrateOn(database, { stores: ['gmail', 'zoho', 'vault'] });
    expect(await tables()).toEqual([
      { tablename: 'migrations' },
      { tablename: 'oauth_client' },
      { tablename: 'refresh_state' },
    ]);
  });

  it('is named when it is missing', async () => {
    await supabase();
    await madeByHand();
    const keep = createTokenKeep({
      databaseUrl: database.url,
      tokenkeepKey: KEY,
      googleClientId: 'client',
      googleClientSecret: 'secret',
      googleOauthRedirectUri: 'http://127.0.0.1:9/callback',
    });
    try {
      const failure = await failureOf(keep.calendar.getAuthUrl({ userId: USER }));
      expect(failure.code).toBe('ERR_TOKENKEEP_SCHEMA');
      expect(failure.message).toContain('npx tokenkeep migrate');
    } finally {
      await keep.close();
    }
  });
});

describe('a table that was not migrated', () => {
  it('is read and written; only refreshing needs the lease', async () => {
    await supabase();
    await madeByHand();
    const keep = createTokenKeep({
      databaseUrl: database.url,
      tokenkeepKey: KEY,
      googleClientId: 'client',
      googleClientSecret: 'secret',
      googleTokenUrl: 'http://127.0.0.1:9/token',
    });
    try {
      await keep.calendar.saveCalendarTokens(USER, 'a', 'r', new Date(0), null);
      expect(await keep.calendar.getCalendarTokens(USER)).toMatchObject({ accessToken: 'a' });
      const failure = await failureOf(keep.calendar.getCredentialsForUser(USER));
      expect(failure.code).toBe('ERR_TOKENKEEP_SCHEMA');
      await keep.calendar.deleteCalendarTokens(USER);
    } finally {
      await keep.close();
    }
  });
});
