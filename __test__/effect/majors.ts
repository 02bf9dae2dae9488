/** Both majors of Effect for a test file, with a database and the environment of an application. */

import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { emptyDatabase, KEY, type TestDatabase } from '../helpers/database';
import { migrateOn } from '../helpers/tables';
import { makeApplication } from './application.mjs';
import type * as v4 from './v4/major.mjs';

/** What both have; where their types differ, those of Effect 4. */
export type Major = typeof v4;
export const MAJORS = ['v3', 'v4'] as const;

export interface Setting {
  major: Major;
  database: TestDatabase;
}

/** A setting for all tests of a `describe`. */
export function useMajor(version: (typeof MAJORS)[number]): Setting {
  const setting = {} as Setting;
  let remove: () => void;
  beforeAll(async () => {
    setting.database = await emptyDatabase();
    await migrateOn(setting.database, { stores: ['integration'] });
    process.env['DATABASE_URL'] = setting.database.url;
    process.env['TOKENKEEP_KEY'] = KEY;
    const application = makeApplication(version);
    remove = application.remove;
    setting.major = await import(pathToFileURL(application.file('major.mjs')).href);
  });
  afterAll(async () => {
    await setting.major?.close({ timeoutMs: 1_000 });
    await setting.database.drop();
    remove?.();
  });
  return setting;
}
