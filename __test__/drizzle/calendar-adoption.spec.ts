/** An application that had no declaration of its calendar table takes tokenkeep's. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AUTH, MIGRATION } from '../../support/old-calendar/index.mjs';
import { schemaOf } from '../drop-in/applications/gmail';
import { emptyDatabase, type TestDatabase } from '../helpers/database';
import { migrateOn } from '../helpers/tables';
import { Kit, rewrite } from './kit';

const FILES = {
  'on Supabase': '__test__/drizzle/schemas/calendar.ts',
  elsewhere: '__test__/drizzle/schemas/calendar-unsecured.ts',
};
const PLACES = Object.keys(FILES) as (keyof typeof FILES)[];

let database: TestDatabase;
let kit: Kit;
beforeEach(async () => {
  database = await emptyDatabase();
  kit = new Kit(database);
});
afterEach(async () => {
  kit.remove();
  await database.drop();
});

const query = (sql: string) => database.client.query(sql);
const make = (where: string) => query(where === 'on Supabase' ? AUTH : 'SELECT');

/** Migrates, and finds what cannot be there elsewhere left out. */
async function migrate(where: string): Promise<void> {
  const leftOut = await migrateOn(database, { stores: ['calendar'] });
  expect(leftOut).toHaveLength(where === 'on Supabase' ? 0 : 2);
}

/** Does something that leaves the database as it is. */
async function unchanged<Result>(act: () => Promise<Result>): Promise<Result> {
  const before = await schemaOf(database);
  const result = await act();
  expect(await schemaOf(database)).toEqual(before);
  return result;
}

describe('drizzle-kit push', () => {
  it('finds nothing to do when an adopted table is migrated', async () => {
    await query(AUTH + MIGRATION);
    await migrate('on Supabase');
    expect(await unchanged(() => kit.push(FILES['on Supabase']))).toEqual([]);
  });

  it.each(PLACES)('finds nothing to do when migrate has made the table %s', async (where) => {
    await make(where);
    await migrate(where);
    expect(await unchanged(() => kit.push(FILES[where]))).toEqual([]);
  });

  it.each(PLACES)('that comes first leaves nothing to do for migrate %s', async (where) => {
    await make(where);
    expect((await kit.push(FILES[where])).join('\n')).toContain('CREATE TABLE');
    await unchanged(() => migrate(where));
    expect(await kit.push(FILES[where])).toEqual([]);
  });

  it('of a declaration that misses the policy or the key takes them away, which is seen', async () => {
    await query(AUTH);
    await migrate('on Supabase');
    const statements = (await kit.push(FILES.elsewhere)).join('\n');
    expect(statements).toContain('DISABLE ROW LEVEL SECURITY');
    expect(statements).toContain('DROP CONSTRAINT "google_calendar_tokens_user_id_fkey"');
  });
});

describe('drizzle-kit generate', () => {
  it.each(PLACES)('makes the table in a new database, and migrate finds it %s', async (where) => {
    await make(where);
    await kit.generate(FILES[where]);
    await kit.migrate();
    await unchanged(() => migrate(where));
    expect(await kit.generate(FILES[where])).toBeUndefined();
    expect(await unchanged(() => kit.push(FILES[where]))).toEqual([]);
  });

  it('is quiet after its first migration of an adopted table was emptied', async () => {
    await query(AUTH + MIGRATION);
    await migrate('on Supabase');
    const path = await kit.generate(FILES['on Supabase']);
    await expect(kit.migrate()).rejects.toThrow('CREATE TABLE');
    rewrite(path!, '-- Made by: npx tokenkeep migrate');
    await unchanged(() => kit.migrate());
    expect(await kit.generate(FILES['on Supabase'])).toBeUndefined();
    expect(await unchanged(() => kit.push(FILES['on Supabase']))).toEqual([]);
  });
});
