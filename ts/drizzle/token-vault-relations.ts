/** What belongs to a row of the vault store, for drizzle's relational queries. */

import { relations } from 'drizzle-orm';
import type { ReferencedTable } from './references.js';
import type { TokenVault, Values } from './token-vault.js';

/** Relates a row to its `tenant`. */
export function tokenVaultRelations<
  Tenants extends ReferencedTable,
  Providers extends Values,
  Types extends Values,
>(tables: { tokenVault: TokenVault<Providers, Types>; tenants: Tenants }) {
  const { tokenVault, tenants } = tables;
  return relations(tokenVault, ({ one }) => ({
    tenant: one(tenants, { fields: [tokenVault.tenantId], references: [tenants.id] }),
  }));
}
