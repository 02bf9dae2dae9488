/** What belongs to a row of the gmail store, for drizzle's relational queries. */

import { relations } from 'drizzle-orm';
import type { GmailTokens } from './gmail-tokens.js';
import type { ReferencedTable } from './references.js';

/** Relates a row to its `user` and its `tenant`. */
export function gmailTokensRelations<
  Users extends ReferencedTable,
  Tenants extends ReferencedTable,
>(tables: { gmailTokens: GmailTokens; users: Users; tenants: Tenants }) {
  const { gmailTokens, users, tenants } = tables;
  return relations(gmailTokens, ({ one }) => ({
    user: one(users, { fields: [gmailTokens.userId], references: [users.id] }),
    tenant: one(tenants, { fields: [gmailTokens.tenantId], references: [tenants.id] }),
  }));
}
