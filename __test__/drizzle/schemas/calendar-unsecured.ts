/** An application elsewhere than on Supabase with the calendar table of tokenkeep in it. */

import { googleCalendarTokensTable } from 'tokenkeep/drizzle';

export const googleCalendarTokens = googleCalendarTokensTable({ rowLevelSecurity: false });
