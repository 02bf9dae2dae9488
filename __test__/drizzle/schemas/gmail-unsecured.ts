/** An application whose gmail table has no row-level security. */

import { siteSettings, tenants, users } from '../../../support/old-gmail/schema.mjs';
import { gmailTokensTable } from 'tokenkeep/drizzle';

export { siteSettings, tenants, users };
export const gmailTokens = gmailTokensTable({ users, tenants, rowLevelSecurity: false });
