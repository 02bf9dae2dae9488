/** Foreign keys that a migration has left out. */

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

describe('foreign keys', () => {
  const links = async (store: string) =>
    (await examine(on(database))).check(`${store}.foreign-keys`);

  it('that were left out can be made when the other table is there', async () => {
    await migrateOn(database, { stores: ['gmail'] });
    expect(await links('gmail')).toMatchObject({
      status: 'ok',
      found: expect.stringContaining('there is no tenants.id'),
    });
    await sql(
      'CREATE TABLE users (id text PRIMARY KEY); CREATE TABLE tenants (id uuid PRIMARY KEY)',
    );
    expect(await links('gmail')).toMatchObject({
      status: 'warning',
      found:
        'tenant_id -> tenants.id was left out: tenants.id has the type uuid, not text; user_id -> users.id was left out, and can be added now.',
      fix: 'Run: npx tokenkeep migrate --store gmail.',
    });
    await migrateOn(database, { stores: ['gmail'] });
    expect(await links('gmail')).toMatchObject({
      status: 'ok',
      values: { missing: ['tenant_id -> tenants.id'] },
    });
  });

  it('to an id that is no key cannot be made; without the right to refer they need a GRANT', async () => {
    await migrateOn(database, { stores: ['vault'] });
    await sql('CREATE TABLE tenants (id uuid)');
    expect(await links('vault')).toMatchObject({
      status: 'ok',
      found: expect.stringContaining('is not unique'),
    });
    await sql('ALTER TABLE tenants ADD PRIMARY KEY (id)');
    const url = await role(database, 'plain');
    await sql(`GRANT ALL ON token_vault TO ${nameOf(url)}`);
    const { check } = await examine(on(database, { DATABASE_URL: url }));
    expect(check('vault.foreign-keys')).toMatchObject({
      status: 'warning',
      fix: expect.stringContaining('GRANT REFERENCES ON tenants'),
    });
    await migrateOn(database, { stores: ['vault'] });
    expect(await links('vault')).toMatchObject({
      status: 'ok',
      found: 'All foreign keys exist: tenant_id -> tenants.id.',
    });
  });

  it('to the users of Supabase are looked for in their schema', async () => {
    await migrateOn(database, { stores: ['calendar'] });
    await sql('CREATE SCHEMA auth; CREATE TABLE auth.users (id uuid PRIMARY KEY)');
    expect(await links('calendar')).toMatchObject({
      status: 'warning',
      found: 'user_id -> auth.users.id was left out, and can be added now.',
    });
    await migrateOn(database, { stores: ['calendar'] });
    expect(await links('calendar')).toMatchObject({ status: 'ok' });
  });
});
