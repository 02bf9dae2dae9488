/** All tables in a schema of their own, without tables of an application. */

import { pgSchema } from 'drizzle-orm/pg-core';
import * as tokenkeep from 'tokenkeep/drizzle';

export const app = pgSchema('app');
export const tokenProviderEnum = app.enum('token_provider', tokenkeep.tokenProviderEnum.enumValues);
export const tokenTypeEnum = app.enum('token_type', tokenkeep.tokenTypeEnum.enumValues);

export const gmailTokens = tokenkeep.gmailTokensTable({ schema: app });
export const oauthTokens = tokenkeep.oauthTokensTable({ schema: app });
export const tokenVault = tokenkeep.tokenVaultTable({
  schema: app,
  tokenProviderEnum,
  tokenTypeEnum,
});
export const googleCalendarTokens = tokenkeep.googleCalendarTokensTable({
  schema: app,
  rowLevelSecurity: false,
});
export const integrationTokens = tokenkeep.integrationTokensTable({ schema: app });
