/** The same for an application that uses `drizzle-kit push`. */

import { tenants } from '../../../support/old-vault/schema.mjs';
import { tokenVaultTable } from 'tokenkeep/drizzle';

export { tokenProviderEnum, tokenTypeEnum } from 'tokenkeep/drizzle';
export { tenants };
export const tokenVault = tokenVaultTable({ tenants, uniqueIndex: true });
