/** An application's schema file with the zoho table of tokenkeep in it. */

import { oauthTokensTable } from 'tokenkeep/drizzle';

export const oauthTokens = oauthTokensTable();
