import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTokenKeep } from '../../dist/index.js';
import { type Supabase, supabaseDatabase } from '../helpers/supabase';
import { KEY } from '../helpers/database';
import { failureOf } from '../helpers/promises';
import { migrateOn } from '../helpers/tables';

let database: Supabase;
beforeAll(async () => {
  database = await supabaseDatabase();
  await migrateOn(database, { stores: ['calendar'] });
});
afterAll(() => database.drop());

it('a role that sees no row gets an error that says so, also where a setting for other stores is there', async () => {
  const userId = await database.user();
  for (const options of ['', '-c app.current_tenant_id=x']) {
    const url = new URL(database.userUrl);
    // Percent-encoded, as a space that is a plus sign is not one here.
    if (options) url.search = `?options=${encodeURIComponent(options)}`;
    const keep = createTokenKeep({ databaseUrl: url.href, tokenkeepKey: KEY });
    const { calendar } = keep;
    const calls = [
      calendar.getCalendarTokens(userId),
      calendar.deleteCalendarTokens(userId),
      calendar.saveCalendarTokens(userId, 'at', 'rt', null, null),
    ];
    for (const failure of await Promise.all(calls.map(failureOf))) {
      expect(failure).toMatchObject({ code: 'ERR_TOKENKEEP_TENANT_REQUIRED' });
    }
    await keep.close();
  }
});
