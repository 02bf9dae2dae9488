/** A package of a team that has tokenkeep's tables, and does not depend on drizzle-orm itself. */

import * as tokenkeep from 'tokenkeep/drizzle';

export const gmailTokens = tokenkeep.gmailTokensTable();
export const oauthTokens = tokenkeep.oauthTokensTable();
export const tokenVault = tokenkeep.tokenVaultTable();
export const googleCalendarTokens = tokenkeep.googleCalendarTokensTable();
export const integrationTokens = tokenkeep.integrationTokensTable();
