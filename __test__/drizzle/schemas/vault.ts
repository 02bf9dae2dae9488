/** An application's schema file with the vault table of tokenkeep in it. */

import { tenants } from '../../../support/old-vault/schema.mjs';
import { tokenVaultTable } from 'tokenkeep/drizzle';
import { tokenVaultRelations as relate } from 'tokenkeep/drizzle/relations';

export { tokenProviderEnum, tokenTypeEnum } from 'tokenkeep/drizzle';
export { tenants };
export const tokenVault = tokenVaultTable({ tenants });
export const tokenVaultRelations = relate({ tokenVault, tenants });
