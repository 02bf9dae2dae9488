/** An application's schema file with the gmail table of tokenkeep in it. */

import { siteSettings, tenants, users } from '../../../support/old-gmail/schema.mjs';
import { gmailTokensTable } from 'tokenkeep/drizzle';
import { gmailTokensRelations as relate } from 'tokenkeep/drizzle/relations';

export { siteSettings, tenants, users };
export const gmailTokens = gmailTokensTable({ users, tenants });
export const gmailTokensRelations = relate({ gmailTokens, users, tenants });
