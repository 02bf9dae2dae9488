/** What belongs to a row of the integration store, for drizzle's relational queries. */

import { relations } from 'drizzle-orm';
import type { AnyPgColumn, PgTable } from 'drizzle-orm/pg-core';
import type { IntegrationTokens } from './integration-tokens.js';
import type { ReferencedTable } from './references.js';

/** Relates a row to its `user`. */
export function integrationTokensRelations<Users extends ReferencedTable>(tables: {
  integrationTokens: PgTable & { userId: AnyPgColumn };
  users: Users;
}) {
  const { users } = tables;
  // Columns of the application's own make no difference here.
  const integrationTokens = tables.integrationTokens as unknown as IntegrationTokens;
  return relations(integrationTokens, ({ one }) => ({
    user: one(users, { fields: [integrationTokens.userId], references: [users.id] }),
  }));
}
