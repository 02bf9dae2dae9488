/** An application that had no declaration of its calendar table takes tokenkeep's. */

import { describe, expect, it } from 'vitest';
import { AUTH, MIGRATION } from '../../support/old-calendar/index.mjs';
import { schemaOf } from '../drop-in/applications/gmail';
import { migrateOn } from '../helpers/tables';
import { rewrite, useKit } from './kit';

const FILES = {
  'on Supabase': '__test__/drizzle/schemas/calendar.ts',
  elsewhere: '__test__/drizzle/schemas/calendar-unsecured.ts',
};
const PLACES = Object.keys(FILES) as (keyof typeof FILES)[];

const setting = useKit();

const query = (sql: string) => setting.database.client.query(sql);
const make = (where: string) => query(where === 'on Supabase' ? AUTH : 'SELECT');

/** Migrates, and finds what cannot be there elsewhere left out. */
async function migrate(where: string): Promise<void> {
  const leftOut = await migrateOn(setting.database, { stores: ['calendar'] });
  expect(leftOut).toHaveLength(where === 'on Supabase' ? 0 : 2);
}

/** Does something that leaves the database as it is. */
async function unchanged<Result>(act: () => Promise<Result>): Promise<Result> {
  const before = await schemaOf(setting.database);
  const result = await act();
  expect(await schemaOf(setting.database)).toEqual(before);
  return result;
}

describe('drizzle-kit push', () => {
  it('finds nothing to do when an adopted table is migrated', async () => {
    await query(AUTH + MIGRATION);
    await migrate('on Supabase');
    expect(await unchanged(() => setting.kit.push(FILES['on Supabase']))).toEqual([]);
  });

  it.each(PLACES)('finds nothing to do when migrate has made the table %s', async (where) => {
    await make(where);
    await migrate(where);
    expect(await unchanged(() => setting.kit.push(FILES[where]))).toEqual([]);
  });

  it.each(PLACES)('that comes first leaves nothing to do for migrate %s', async (where) => {
    await make(where);
    expect((await setting.kit.push(FILES[where])).join('\n')).toContain('CREATE TABLE');
    await unchanged(() => migrate(where));
    expect(await setting.kit.push(FILES[where])).toEqual([]);
  });

  it('of a declaration that misses the policy or the key takes them away, which is seen', async () => {
    await query(AUTH);
    await migrate('on Supabase');
    const statements = (await setting.kit.push(FILES.elsewhere)).join('\n');
    expect(statements).toContain('DISABLE ROW LEVEL SECURITY');
    expect(statements).toContain('DROP CONSTRAINT "google_calendar_tokens_user_id_fkey"');
  });
});

describe('drizzle-kit generate', () => {
  it.each(PLACES)(
    'makes the table in a new setting.database, and migrate finds it %s',
    async (where) => {
      await make(where);
      await setting.kit.generate(FILES[where]);
      await setting.kit.migrate();
      await unchanged(() => migrate(where));
      expect(await setting.kit.generate(FILES[where])).toBeUndefined();
      expect(await unchanged(() => setting.kit.push(FILES[where]))).toEqual([]);
    },
  );

  it('is quiet after its first migration of an adopted table was emptied', async () => {
    await query(AUTH + MIGRATION);
    await migrate('on Supabase');
    const path = await setting.kit.generate(FILES['on Supabase']);
    await expect(setting.kit.migrate()).rejects.toThrow('CREATE TABLE');
    rewrite(path!, '-- Made by: npx tokenkeep migrate');
    await unchanged(() => setting.kit.migrate());
    expect(await setting.kit.generate(FILES['on Supabase'])).toBeUndefined();
    expect(await unchanged(() => setting.kit.push(FILES['on Supabase']))).toEqual([]);
  });
});
