/** What the doctor says of Supabase's policy. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Supabase, supabaseDatabase } from '../helpers/supabase';
import { migrateOn } from '../helpers/tables';
import { examine, on } from './doctor';

let database: Supabase;
beforeAll(async () => {
  database = await supabaseDatabase();
  await migrateOn(database, { stores: ['calendar'] });
});
afterAll(() => database.drop());

const look = async (url: string, env = {}) =>
  (await examine(on(database, { DATABASE_URL: url, ...env }))).check('calendar.row-security');

it('the role of signed-in users needs claims', async () => {
  expect(await look(database.userUrl)).toMatchObject({
    status: 'problem',
    fix: expect.stringContaining('TOKENKEEP_JWT_CLAIMS=1'),
  });
  expect(await look(database.userUrl, { TOKENKEEP_JWT_CLAIMS: '1' })).toMatchObject({
    status: 'ok',
  });
});

it('the role of servers does not', async () => {
  expect(await look(database.serviceUrl)).toMatchObject({ status: 'ok' });
});
