import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTokenKeep } from '../../dist/index.js';
import { emptyDatabase, type TestDatabase } from '../helpers/database';

let database: TestDatabase;
beforeEach(async () => {
  database = await emptyDatabase();
});
afterEach(() => database.drop());

const migrate = (options = {}) => {
  const keep = createTokenKeep({ databaseUrl: database.url, ...options });
  return keep.migrate({ stores: ['gmail'] }).finally(() => keep.close());
};

describe('migrate', () => {
  it('makes the table of the seed in an empty database, and says what it left out', async () => {
    const leftOut = await migrate();
    expect(leftOut).toHaveLength(3);
    expect(leftOut.join('\n')).toMatch(/tenants[^]*users[^]*site_settings/);
    const { rows } = await database.client.query(
      `SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns
       WHERE table_name = 'gmail_tokens' ORDER BY ordinal_position`,
    );
    expect(rows.map((row) => Object.values(row).join(' '))).toEqual([
      'id text NO ',
      'tenant_id text NO ',
      'user_id text NO ',
      'encrypted_access_token text NO ',
      'encrypted_refresh_token text NO ',
      'expires_at timestamp with time zone NO ',
      'scope text NO ',
      'key_version integer NO 1',
      'refreshing_at timestamp with time zone YES ',
      'connected_at timestamp with time zone NO now()',
      'updated_at timestamp with time zone NO now()',
    ]);
  });

  it('makes foreign keys and the settings column later, when the other tables are there', async () => {
    await migrate();
    await database.client.query(`
      CREATE TABLE tenants (id text PRIMARY KEY);
      CREATE TABLE users (id text PRIMARY KEY);
      CREATE TABLE site_settings (id text PRIMARY KEY);
      INSERT INTO site_settings VALUES ('one')`);
    expect(await migrate()).toEqual([]);
    expect(await migrate()).toEqual([]);
    const settings = await database.client.query(
      'SELECT gmail_diagnostic_enabled FROM site_settings',
    );
    expect(settings.rows).toEqual([{ gmail_diagnostic_enabled: false }]);
    const links = await database.client.query(
      `SELECT conname, confdeltype FROM pg_constraint
       WHERE conrelid = 'gmail_tokens'::regclass AND contype = 'f' ORDER BY 1`,
    );
    expect(links.rows).toEqual([
      { conname: 'gmail_tokens_tenant_id_tenants_id_fk', confdeltype: 'a' },
      { conname: 'gmail_tokens_user_id_users_id_fk', confdeltype: 'c' },
    ]);
  });

  it('leaves a foreign key out where the types differ', async () => {
    await database.client.query('CREATE TABLE tenants (id uuid PRIMARY KEY)');
    expect((await migrate()).join()).toContain('tenants');
  });

  it('is safe when ten processes start at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => migrate({ maxConnections: index + 1 })),
    );
    expect(answers).toHaveLength(10);
  });

  it('refuses a database that a newer tokenkeep has migrated', async () => {
    await migrate();
    await database.client.query('UPDATE tokenkeep.migrations SET version = 99');
    await expect(migrate()).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_SCHEMA',
      message: expect.stringMatching(/newer tokenkeep \(version 99/),
    });
  });

  it('names the column of an existing table that would break it', async () => {
    await migrate();
    await database.client.query('ALTER TABLE gmail_tokens ALTER expires_at TYPE timestamp');
    await expect(migrate()).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_SCHEMA',
      message: expect.stringContaining('expires_at is timestamp, must be timestamptz'),
    });
    await database.client.query(
      `ALTER TABLE gmail_tokens ALTER expires_at TYPE timestamptz;
       ALTER TABLE gmail_tokens ADD region text NOT NULL`,
    );
    await expect(migrate()).rejects.toMatchObject({
      message: expect.stringContaining('region is NOT NULL without a default'),
    });
  });

  it('shows duplicates that stop the unique key, and keeps the newest when asked to', async () => {
    await migrate();
    await database.client.query(`
      ALTER TABLE gmail_tokens DROP CONSTRAINT gmail_tokens_user_id_unique;
      INSERT INTO gmail_tokens (id, tenant_id, user_id, encrypted_access_token,
        encrypted_refresh_token, expires_at, scope, updated_at)
      SELECT n::text, 't', 'u', 'a', 'r', now(), '', now() + n * interval '1 hour'
      FROM generate_series(1, 3) n`);
    await expect(migrate()).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_SCHEMA',
      message: expect.stringMatching(/1 have several[^]*HAVING count[^]*--keep newest/),
    });
    const keep = createTokenKeep({ databaseUrl: database.url });
    await keep.migrate({ stores: ['gmail'], keep: 'newest' });
    await keep.close();
    const { rows } = await database.client.query('SELECT id FROM gmail_tokens');
    expect(rows).toEqual([{ id: '3' }]);
  });

  it('adds a missing unique key with psql, too', async () => {
    await migrate();
    await database.client.query(
      'ALTER TABLE gmail_tokens DROP CONSTRAINT gmail_tokens_user_id_unique',
    );
    await database.client.query(readFileSync('migrations/0001_gmail.sql', 'utf8'));
    const { rows } = await database.client.query(
      `SELECT conname FROM pg_constraint WHERE conrelid = 'gmail_tokens'::regclass AND contype = 'u'`,
    );
    expect(rows).toEqual([{ conname: 'gmail_tokens_user_id_unique' }]);
  });

  it('works in a schema of its own, named by option or by URL', async () => {
    await database.client.query('CREATE SCHEMA "App 1"');
    await migrate({ schema: 'App 1' });
    const url = new URL(database.url);
    url.searchParams.set('schema', 'nowhere');
    await expect(migrate({ databaseUrl: url.href })).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_SCHEMA',
    });
    const { rows } = await database.client.query(
      `SELECT schemaname FROM pg_tables WHERE tablename = 'gmail_tokens'`,
    );
    expect(rows).toEqual([{ schemaname: 'App 1' }]);
  });

  it('refuses stores that it does not know, before it connects', async () => {
    const keep = createTokenKeep({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none' });
    for (const stores of [[], ['nothing'], 'gmail', undefined]) {
      await expect(keep.migrate({ stores } as never)).rejects.toMatchObject({
        code: 'ERR_TOKENKEEP_INVALID_ARGUMENT',
      });
    }
  });
});
