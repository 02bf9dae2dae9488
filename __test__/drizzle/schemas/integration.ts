/** An application's schema file with the integration table of tokenkeep in it. */

import { integrationTokensTable } from 'tokenkeep/drizzle';

export const integrationTokens = integrationTokensTable();
