/** A Python application's own store of Google Calendar tokens, ported to JavaScript. */

import { readFileSync } from 'node:fs';

const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');

/** Creates the objects of Supabase. */
export const AUTH = read('auth.sql');
/** The application's migration. */
export const MIGRATION = read('migration.sql');

export { createOldCalendarService } from './service.mjs';
