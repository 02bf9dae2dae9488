/** Tables: whether they are there, and have what they need. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyDatabase, type TestDatabase } from '../helpers/database';
import { migrateOn } from '../helpers/tables';
import { examine, nameOf, on, role } from './doctor';

let database: TestDatabase;
beforeEach(async () => {
  database = await emptyDatabase();
});
afterEach(() => database.drop());

const sql = (text: string) => database.client.query(text);
const look = (args: string[] = [], env = {}) => examine(on(database, env), ['--offline', ...args]);

describe('which stores are looked at', () => {
  it('is those that have a table, or a variable; or those that are named', async () => {
    const bare = { DATABASE_URL: database.url };
    expect((await examine(bare)).check('stores')).toMatchObject({ status: 'warning' });
    await migrateOn(database, { stores: ['zoho', 'calendar'] });
    const { ids } = await examine(bare);
    const stores = (all: string[]) =>
      all.filter((id) => id.endsWith('.table')).map((id) => id.split('.')[0]);
    expect(stores(ids)).toEqual(['zoho', 'calendar']);
    expect(ids).not.toContain('stores');
    const configured = await examine({ ...bare, ENCRYPTION_SECRET: 'x'.repeat(32) });
    expect(stores(configured.ids)).toEqual(['zoho', 'vault', 'calendar']);
    const named = await look(['--store', 'gmail,integration']);
    expect(stores(named.ids)).toEqual(['gmail', 'integration']);
  });

  it('is none where only variables of several stores are set: a new application is shown its store', async () => {
    const { DATABASE_URL, TOKENKEEP_KEY, GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET } = on(database);
    const env = { DATABASE_URL, TOKENKEEP_KEY, GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET };
    expect((await examine(env as Record<string, string>)).check('stores')).toEqual({
      id: 'stores',
      status: 'warning',
      found: 'There is no table of tokenkeep, and no variable that only one store reads is set.',
      fix: expect.stringMatching(
        /^Run: npx tokenkeep migrate --store integration, .*doctor --store integration\.$/,
      ),
    });
  });

  it('is not that of a table of the same name that is another’s', async () => {
    await sql('CREATE TABLE oauth_tokens (token text)');
    const bare = { DATABASE_URL: database.url };
    expect((await examine(bare)).ids).not.toContain('zoho.table');
    const { check } = await examine(bare, ['--offline', '--store', 'zoho']);
    expect(check('zoho.table')).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('client_id'),
    });
  });
});

describe('a table', () => {
  const stores = ['gmail', 'zoho', 'vault', 'calendar', 'integration'] as const;

  it('that a migration has made is all right, of every store', async () => {
    await migrateOn(database, { stores: [...stores] });
    const { check } = await look();
    for (const store of stores) {
      for (const of of ['table', 'migrations', 'rights', 'row-security', 'rows']) {
        expect(check(`${store}.${of}`), `${store}.${of}`).toMatchObject({ status: 'ok' });
      }
    }
    expect(check('connect.tables')).toMatchObject({ status: 'ok' });
    expect(check('refresh.tables')).toMatchObject({ status: 'ok' });
  });

  it.each(stores)('that is not there is a problem: %s', async (store) => {
    const { check } = await look(['--store', store]);
    expect(check(`${store}.table`)).toMatchObject({
      status: 'problem',
      fix: `Run: npx tokenkeep migrate --store ${store}`,
    });
  });

  it('in another schema is found there, and the schema is to be named', async () => {
    await sql('CREATE SCHEMA app');
    await migrateOn(database, { stores: ['gmail'] }, { schema: 'app' });
    const told = (await look(['--store', 'gmail'])).check('gmail.table');
    expect(told).toMatchObject({ status: 'problem', fix: expect.stringContaining('?schema=app') });
    const named = await look(['--store', 'gmail', '--schema', 'app']);
    expect(named.check('gmail.table')).toMatchObject({ status: 'ok' });
    expect(named.check('gmail.migrations')).toMatchObject({ status: 'ok' });
    const wrong = await look(['--store', 'gmail', '--schema', 'nowhere']);
    expect(wrong.check('gmail.table')!.found).toMatch(/schema .* does not exist/);
  });

  it.each([
    ['DROP COLUMN scope', 'scope'],
    ['ALTER COLUMN expires_at TYPE text', 'expires_at is text'],
    ['ALTER COLUMN refreshing_at TYPE text', 'refreshing_at is text'],
    ['ADD COLUMN region text NOT NULL', 'region is NOT NULL'],
  ])('after ALTER TABLE … %s is a problem that no migration fixes', async (change, found) => {
    await migrateOn(database, { stores: ['gmail'] });
    await sql(`ALTER TABLE gmail_tokens ${change}`);
    expect((await look()).check('gmail.table')).toMatchObject({
      status: 'problem',
      found: expect.stringContaining(found),
      fix: expect.stringContaining('by hand'),
    });
  });
});

describe('migrations', () => {
  it.each([
    ['a column', 'ALTER TABLE integration_tokens DROP COLUMN refreshing_at', 'refreshing_at'],
    ['a unique key', 'DROP INDEX integration_tokens_user_provider_unique', 'no unique key'],
  ])('that have left out %s are pending, and a problem', async (_, change, found) => {
    await migrateOn(database, { stores: ['integration'] });
    await sql(change);
    expect((await look()).check('integration.migrations')).toMatchObject({
      status: 'problem',
      found: expect.stringContaining(found),
      fix: 'Run: npx tokenkeep migrate --store integration',
    });
  });

  it.each([
    ['gmail', 'DROP INDEX gmail_tokens_tenant_id_idx', '(tenant_id)'],
    [
      'vault',
      'DROP INDEX token_vault_tenant_provider_idx; ALTER TABLE token_vault DROP CONSTRAINT token_vault_unique, ADD UNIQUE (identifier, token_type, provider, tenant_id)',
      '(tenant_id, provider)',
    ],
    ['integration', 'DROP INDEX integration_tokens_expires_at', '(expires_at)'],
  ] as const)('that lack an index of %s are worth a warning', async (store, change, found) => {
    await migrateOn(database, { stores: [store] });
    expect((await look()).check(`${store}.migrations`)).toMatchObject({ status: 'ok' });
    await sql(change);
    if (store === 'vault')
      await sql(
        'DROP INDEX token_vault_unique_without_identifier; CREATE UNIQUE INDEX ON token_vault (token_type, provider, tenant_id) WHERE identifier IS NULL',
      );
    expect((await look()).check(`${store}.migrations`)).toMatchObject({
      status: 'warning',
      found: `There is no index on ${found}.`,
    });
  });

  it('that were not recorded, or by an older or a newer tokenkeep, are distinguished', async () => {
    await migrateOn(database, { stores: ['integration'] });
    const migrations = async () => (await look()).check('integration.migrations');
    await sql('UPDATE tokenkeep.migrations SET version = 5');
    expect(await migrations()).toMatchObject({
      status: 'warning',
      found:
        'Not applied yet: 0006_integration.sql, 0007_refresh_state.sql and 0008_integration.sql.',
    });
    await sql('UPDATE tokenkeep.migrations SET version = 99');
    expect(await migrations()).toMatchObject({
      status: 'warning',
      fix: expect.stringContaining('Update'),
    });
    await sql('DELETE FROM tokenkeep.migrations');
    expect(await migrations()).toMatchObject({
      status: 'ok',
      found: expect.stringContaining('No migration is recorded'),
    });
    const url = await role(database, 'plain');
    await sql(`GRANT ALL ON integration_tokens TO ${nameOf(url)}`);
    const hidden = await examine(on(database, { DATABASE_URL: url }));
    expect(hidden.check('integration.migrations')).toMatchObject({
      status: 'ok',
      found: expect.stringContaining('may not read'),
    });
  });
});

describe('the tables of what refreshes remember', () => {
  it('are missed, and so are rights on them', async () => {
    await migrateOn(database, { stores: ['gmail'] });
    const url = await role(database, 'plain');
    const name = nameOf(url);
    await sql(`GRANT ALL ON gmail_tokens TO ${name}`);
    const refresh = async () =>
      (await examine(on(database, { DATABASE_URL: url }))).check('refresh.tables');
    expect(await refresh()).toMatchObject({
      status: 'warning',
      fix: expect.stringMatching(/GRANT USAGE ON SCHEMA tokenkeep .*refresh_state.*oauth_client/),
    });
    await sql(`GRANT USAGE ON SCHEMA tokenkeep TO ${name}`);
    await sql(`GRANT ALL ON ALL TABLES IN SCHEMA tokenkeep TO ${name}`);
    expect(await refresh()).toMatchObject({ status: 'ok' });
    await sql('DROP TABLE tokenkeep.oauth_client');
    expect(await refresh()).toMatchObject({
      status: 'warning',
      fix: 'Run: npx tokenkeep migrate --store gmail',
    });
  });
});

describe('the tables for connecting', () => {
  it('are missed, and so are rights on them', async () => {
    await migrateOn(database, { stores: ['calendar'] });
    const url = await role(database, 'plain');
    const name = nameOf(url);
    await sql(`GRANT ALL ON google_calendar_tokens TO ${name}`);
    const connect = async () =>
      (await examine(on(database, { DATABASE_URL: url }))).check('connect.tables');
    expect(await connect()).toMatchObject({
      status: 'problem',
      fix: expect.stringMatching(/GRANT USAGE ON SCHEMA tokenkeep .*oauth_state.*oauth_account/),
    });
    await sql(`GRANT USAGE ON SCHEMA tokenkeep TO ${name}`);
    await sql(`GRANT ALL ON ALL TABLES IN SCHEMA tokenkeep TO ${name}`);
    expect(await connect()).toMatchObject({ status: 'ok' });
    await sql('DROP TABLE tokenkeep.oauth_state');
    expect(await connect()).toMatchObject({ status: 'warning' });
  });
});
