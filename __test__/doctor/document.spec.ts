/** The page that lists the checks. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { emptyDatabase, type TestDatabase } from '../helpers/database';
import { migrateOn } from '../helpers/tables';
import { examine, on } from './doctor';

const page = readFileSync(join(import.meta.dirname, '../../docs/doctor.md'), 'utf8');

let database: TestDatabase;
beforeAll(async () => {
  database = await emptyDatabase();
});
afterAll(() => database.drop());

it('the page lists every check that there is, and no other', async () => {
  const bare = await examine({ DATABASE_URL: database.url });
  const stores = ['gmail', 'zoho', 'vault', 'calendar', 'integration'] as const;
  await migrateOn(database, { stores: [...stores] });
  const { ids } = await examine(on(database));
  const general = [...bare.ids, ...ids].map((id) =>
    id
      .replace(new RegExp(`^(${stores.join('|')})\\.`), '<store>.')
      .replace(/^keys\..*/, 'keys.<variable>')
      .replace(/^providers\.\w+\./, 'providers.<name>.'),
  );
  const listed = [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, id]) => id);
  expect(new Set(listed)).toEqual(new Set(general));
});
