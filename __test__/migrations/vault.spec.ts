import { readFileSync } from 'node:fs';
import { and, eq, isNull } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as old from '../../support/old-vault/schema.mjs';
import { emptyDatabase, type TestDatabase } from '../helpers/database';
import { makeTables, migrateOn, tableOf } from '../helpers/tables';

const TENANT = '6f0f9f2e-3b1a-4f0e-9d35-0d8f9a1c2b3d';

let database: TestDatabase;
beforeEach(async () => {
  database = await emptyDatabase();
});
afterEach(() => database.drop());

const migrate = (options = {}) => migrateOn(database, { stores: ['vault'] }, options);
const query = async (sql: string) => (await database.client.query(sql)).rows;

/** The tables of an application with one tenant. */
async function makeApplication(): Promise<void> {
  await makeTables(database, old);
  await query(`INSERT INTO tenants VALUES ('${TENANT}', 'One')`);
}

/** The application's insert or update. */
async function storeAsBefore(identifier: string | undefined, encryptedValue: string) {
  const { tokenVault } = old;
  const db = drizzle(database.client);
  const key = { tenantId: TENANT, provider: 'google', tokenType: 'api_key' } as const;
  const updated = await db
    .update(tokenVault)
    .set({ encryptedValue, isValid: 'true', lastError: null, updatedAt: new Date() })
    .where(
      and(
        eq(tokenVault.tenantId, key.tenantId),
        eq(tokenVault.provider, key.provider),
        eq(tokenVault.tokenType, key.tokenType),
        identifier ? eq(tokenVault.identifier, identifier) : isNull(tokenVault.identifier),
      ),
    )
    .returning();
  if (updated.length > 0) return;
  await db.insert(tokenVault).values({ ...key, identifier, encryptedValue, isValid: 'true' });
}

const WITHOUT_TOKENKEEP = [
  'created_at timestamp with time zone NOT NULL DEFAULT now()',
  'encrypted_value text NOT NULL',
  'expires_at timestamp with time zone',
  'id uuid NOT NULL DEFAULT gen_random_uuid()',
  'identifier character varying(255)',
  `is_valid character varying(10) NOT NULL DEFAULT 'true'::character varying`,
  'last_error text',
  'last_refreshed_at timestamp with time zone',
  'last_used_at timestamp with time zone',
  'provider token_provider NOT NULL',
  'tenant_id uuid NOT NULL',
  'token_type token_type NOT NULL',
  'updated_at timestamp with time zone NOT NULL DEFAULT now()',
];
const COLUMNS = [...WITHOUT_TOKENKEEP, 'refreshing_at timestamp with time zone'].sort();
const FOREIGN_KEY =
  'token_vault_tenant_id_tenants_id_fk FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE';

describe('the migration of the vault store', () => {
  it('makes the table and its enums in an empty database, and says what it left out', async () => {
    expect(await migrate()).toEqual([expect.stringMatching(/token_vault.tenant_id -> tenants.id/)]);
    expect(await tableOf(database, 'token_vault')).toMatchObject({
      columns: COLUMNS,
      constraints: [
        'token_vault_pkey PRIMARY KEY (id)',
        'token_vault_unique UNIQUE (tenant_id, provider, token_type, identifier)',
      ],
      indexes: [
        'CREATE INDEX token_vault_expires_at_idx ON public.token_vault USING btree (expires_at)',
        'CREATE INDEX token_vault_tenant_provider_idx ON public.token_vault USING btree (tenant_id, provider)',
        'CREATE UNIQUE INDEX token_vault_pkey ON public.token_vault USING btree (id)',
        'CREATE UNIQUE INDEX token_vault_unique ON public.token_vault USING btree (tenant_id, provider, token_type, identifier)',
        'CREATE UNIQUE INDEX token_vault_unique_without_identifier ON public.token_vault USING btree (tenant_id, provider, token_type) WHERE (identifier IS NULL)',
      ],
    });
    expect(
      await query(
        `SELECT enum_range(NULL::token_provider)::text, enum_range(NULL::token_type)::text AS type`,
      ),
    ).toEqual([
      {
        enum_range: `{${old.tokenProviderEnum.enumValues.join()}}`,
        type: `{${old.tokenTypeEnum.enumValues.join()}}`,
      },
    ]);
  });

  it('brings an application’s table to the same, with its rows, and old code goes on', async () => {
    await query('CREATE TABLE tenants (id uuid PRIMARY KEY)');
    expect(await migrate()).toEqual([]);
    const made = await tableOf(database, 'token_vault');
    expect(made.constraints).toContain(FOREIGN_KEY);
    await query('DROP TABLE token_vault, tenants; DROP TYPE token_provider, token_type');

    await makeApplication();
    expect((await tableOf(database, 'token_vault')).columns).toEqual(WITHOUT_TOKENKEEP);
    await storeAsBefore(undefined, 'first');
    const [before] = await query('SELECT * FROM token_vault');
    expect(await migrate()).toEqual([]);
    expect(await tableOf(database, 'token_vault')).toEqual(made);
    expect(await query('SELECT * FROM token_vault')).toEqual([{ ...before, refreshing_at: null }]);

    await storeAsBefore(undefined, 'second');
    await storeAsBefore('other', 'third');
    expect(await query('SELECT encrypted_value FROM token_vault ORDER BY 1')).toEqual([
      { encrypted_value: 'second' },
      { encrypted_value: 'third' },
    ]);
  });

  it('makes the foreign key later, when there are tenants', async () => {
    expect(await migrate()).toHaveLength(1);
    await query('CREATE TABLE tenants (id uuid PRIMARY KEY)');
    expect(await migrate()).toEqual([]);
    expect((await tableOf(database, 'token_vault')).constraints).toContain(FOREIGN_KEY);
  });

  it.each([
    ['is a text', 'CREATE TABLE tenants (id text PRIMARY KEY)'],
    ['is not unique', 'CREATE TABLE tenants (id uuid)'],
    ['does not exist', 'CREATE TABLE tenants (name text)'],
  ])('leaves the foreign key out where the tenant’s id %s', async (_, sql) => {
    await query(sql);
    expect(await migrate()).toEqual([expect.stringContaining('tenants.id')]);
  });

  it('leaves an enum as it is, also one with other values', async () => {
    await query(`CREATE TYPE token_provider AS ENUM ('stripe')`);
    await migrate();
    expect(await query('SELECT enum_range(NULL::token_provider)::text')).toEqual([
      { enum_range: '{stripe}' },
    ]);
    expect((await tableOf(database, 'token_vault')).columns).toEqual(COLUMNS);
  });

  it('changes nothing when it runs again, waits for no reader, and ten may run at once', async () => {
    await query('CREATE TABLE tenants (id uuid PRIMARY KEY)');
    await Promise.all(Array.from({ length: 10 }, (_, n) => migrate({ maxConnections: n + 1 })));
    const before = await tableOf(database, 'token_vault');
    await query('BEGIN; SELECT FROM token_vault; SELECT FROM tenants');
    expect(await migrate()).toEqual([]);
    await query('COMMIT');
    expect(await tableOf(database, 'token_vault')).toEqual(before);
  });

  it('is the same with psql, beside itself', async () => {
    await migrate();
    const made = await tableOf(database, 'token_vault');
    await query('DROP TABLE token_vault; DROP TYPE token_provider, token_type');
    const sql = readFileSync('migrations/0003_vault.sql', 'utf8');
    const psql = async () => {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      await client.query(sql).finally(() => client.end());
    };
    await Promise.all([psql(), psql(), psql(), psql()]);
    expect(await tableOf(database, 'token_vault')).toEqual(made);
  });

  it('works in a schema of its own, with enums and a foreign key of its own', async () => {
    await makeApplication();
    await query('CREATE SCHEMA "App 1"; CREATE TABLE "App 1".tenants (id uuid PRIMARY KEY)');
    const before = await tableOf(database, 'token_vault');
    expect(await migrate({ schema: 'App 1' })).toEqual([]);
    expect(await tableOf(database, 'token_vault')).toEqual(before);
    const { columns, constraints } = await tableOf(database, '"App 1".token_vault');
    expect(columns).toContain('provider "App 1".token_provider NOT NULL');
    expect(columns).toContain('token_type "App 1".token_type NOT NULL');
    expect(constraints.join()).toContain('REFERENCES "App 1".tenants(id) ON DELETE CASCADE');
  });

  it.each([
    ['ALTER id DROP DEFAULT', 'id is NOT NULL without a default'],
    ['ALTER id DROP DEFAULT, ALTER id TYPE text', 'id is text, must be uuid'],
    ['ALTER tenant_id TYPE text', 'tenant_id is text, must be uuid'],
    ['ALTER provider TYPE varchar(20)', 'provider is varchar(20), must be token_provider'],
    ['ALTER token_type TYPE text', 'token_type is text, must be token_type'],
    ['ALTER expires_at TYPE timestamp', 'expires_at is timestamp, must be timestamptz'],
    ['ALTER expires_at SET NOT NULL', 'expires_at is NOT NULL, must allow NULL'],
    ['ALTER identifier TYPE varchar(100)', 'identifier is varchar(100), must hold 255'],
    ['ALTER is_valid DROP DEFAULT, ALTER is_valid TYPE boolean USING true', 'is_valid is bool'],
    ['ALTER encrypted_value DROP NOT NULL', 'encrypted_value allows NULL, must be NOT NULL'],
    ['DROP last_used_at, DROP last_error', 'lacks the columns last_used_at, last_error'],
    ['ADD refreshing_at timestamp', 'refreshing_at is timestamp, must be timestamptz'],
    ['ADD region text NOT NULL', 'region is NOT NULL without a default'],
  ])('refuses a table after %s, and leaves it as it is', async (change, reason) => {
    await makeTables(database, old);
    await query(`ALTER TABLE token_vault DROP CONSTRAINT token_vault_tenant_id_tenants_id_fk`);
    await query(`ALTER TABLE token_vault ${change}`);
    const before = await tableOf(database, 'token_vault');
    await expect(migrate()).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_SCHEMA',
      message: expect.stringContaining(reason),
    });
    expect(await tableOf(database, 'token_vault')).toEqual(before);
  });
});

describe('duplicates in a token vault', () => {
  const insert = (identifier: string | null, values: number[]) =>
    database.client.query(
      `INSERT INTO token_vault (tenant_id, provider, token_type, identifier, encrypted_value, updated_at)
       SELECT $1, 'google', 'api_key', $2, n::text, now() + n * interval '1 hour'
       FROM unnest($3::int[]) n`,
      [TENANT, identifier, values],
    );
  const left = () =>
    query('SELECT identifier, encrypted_value FROM token_vault ORDER BY identifier NULLS FIRST');

  it('are those without an identifier, which a unique constraint does not see', async () => {
    await makeApplication();
    await insert(null, [1, 3, 2]);
    await insert('one', [1]);
    await insert('two', [1]);
    const before = await tableOf(database, 'token_vault');
    const refused = await migrate().catch((error: Error) => error);
    expect(refused).toMatchObject({
      code: 'ERR_TOKENKEEP_SCHEMA',
      message: expect.stringMatching(
        /one row for each tenant_id, provider, token_type where identifier IS NULL, but 1 have several[^]*--store vault --keep newest/,
      ),
    });
    expect(await tableOf(database, 'token_vault')).toEqual(before);
    const [, find] = /Find them with: (.*?)\. Delete/.exec((refused as Error).message)!;
    expect(await query(find!)).toEqual([
      { tenant_id: TENANT, provider: 'google', token_type: 'api_key', count: '3' },
    ]);
    await migrateOn(database, { stores: ['vault'], keep: 'newest' });
    expect(await left()).toEqual([
      { identifier: null, encrypted_value: '3' },
      { identifier: 'one', encrypted_value: '1' },
      { identifier: 'two', encrypted_value: '1' },
    ]);
  });

  it('are those with one where the table has no unique constraint', async () => {
    await makeApplication();
    await query('ALTER TABLE token_vault DROP CONSTRAINT token_vault_unique');
    await insert('one', [1, 2]);
    await insert(null, [7, 8]);
    await expect(migrate()).rejects.toThrow(
      /for each tenant_id, provider, token_type, identifier, but 1 have/,
    );
    await migrateOn(database, { stores: ['vault'], keep: 'newest' });
    expect(await left()).toEqual([
      { identifier: null, encrypted_value: '8' },
      { identifier: 'one', encrypted_value: '2' },
    ]);
    await expect(insert('one', [4])).rejects.toThrow('token_vault_unique');
    await expect(insert(null, [4])).rejects.toThrow('token_vault_unique_without_identifier');
  });
});
