/** An application's schema file on Supabase with the calendar table of tokenkeep in it. */

import { authUsers } from 'drizzle-orm/supabase';
import { googleCalendarTokensTable } from 'tokenkeep/drizzle';

export const googleCalendarTokens = googleCalendarTokensTable({ users: authUsers });
