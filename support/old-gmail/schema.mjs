import { relations, sql } from 'drizzle-orm';
import { boolean, index, integer, pgPolicy, pgTable, text, timestamp } from 'drizzle-orm/pg-core';

const id = () =>
  text('id')
    .primaryKey()
    .$defaultFn(() => crypto.randomUUID());
const moment = (name) => timestamp(name, { withTimezone: true });

export const tenants = pgTable('tenants', {
  id: id(),
  name: text('name').notNull(),
});

export const users = pgTable('users', {
  id: id(),
  tenantId: text('tenant_id')
    .notNull()
    .references(() => tenants.id),
  email: text('email').notNull().unique(),
});

export const siteSettings = pgTable('site_settings', {
  id: text('id').primaryKey().default('default'),
  keyExpiryDays: integer('key_expiry_days').notNull().default(90),
  gmailDiagnosticEnabled: boolean('gmail_diagnostic_enabled').notNull().default(false),
});

export const gmailTokens = pgTable(
  'gmail_tokens',
  {
    id: id(),
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id),
    userId: text('user_id')
      .notNull()
      .unique()
      .references(() => users.id, { onDelete: 'cascade' }),
    encryptedAccessToken: text('encrypted_access_token').notNull(),
    encryptedRefreshToken: text('encrypted_refresh_token').notNull(),
    expiresAt: moment('expires_at').notNull(),
    scope: text('scope').notNull(),
    keyVersion: integer('key_version').notNull().default(1),
    refreshingAt: moment('refreshing_at'),
    connectedAt: moment('connected_at').notNull().defaultNow(),
    updatedAt: moment('updated_at').notNull().defaultNow(),
  },
  (table) => [
    index('gmail_tokens_user_id_idx').on(table.userId),
    index('gmail_tokens_tenant_id_idx').on(table.tenantId),
    pgPolicy('tenant_isolation', {
      using: sql`tenant_id = current_setting('app.current_tenant_id', true)`,
    }),
  ],
);

export const usersRelations = relations(users, ({ one }) => ({
  gmailToken: one(gmailTokens),
}));

export const gmailTokensRelations = relations(gmailTokens, ({ one }) => ({
  user: one(users, { fields: [gmailTokens.userId], references: [users.id] }),
  tenant: one(tenants, { fields: [gmailTokens.tenantId], references: [tenants.id] }),
}));
