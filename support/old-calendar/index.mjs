/** An application's own store of Google Calendar tokens, a Python program's, as before tokenkeep. */

import { readFileSync } from 'node:fs';

const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');

/** Makes what Supabase has of its own. */
export const AUTH = read('auth.sql');
/** The application's own migration. */
export const MIGRATION = read('migration.sql');

export { createOldCalendarService } from './service.mjs';
