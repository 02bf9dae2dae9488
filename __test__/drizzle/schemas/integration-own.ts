/** An application with users, and with columns of its own in the integration table. */

import { integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import { integrationTokensTable } from 'tokenkeep/drizzle';
import { integrationTokensRelations as relate } from 'tokenkeep/drizzle/relations';

export const users = pgTable('users', { id: text('id').primaryKey() });
export const integrationTokens = integrationTokensTable({
  users,
  uniqueConstraint: 'integration_tokens_user_id_provider_unique',
  columns: {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    version: integer('version').notNull().default(1),
    deletedAt: timestamp('deleted_at', { withTimezone: true }),
  },
});
export const integrationTokensRelations = relate({ integrationTokens, users });
