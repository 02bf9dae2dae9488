/** An application's own token vault, without tokenkeep. */

import {
  index,
  pgEnum,
  pgTable,
  text,
  timestamp,
  unique,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';

const moment = (name) => timestamp(name, { withTimezone: true });

export const tenants = pgTable('tenants', {
  id: uuid('id').primaryKey().defaultRandom(),
  name: text('name').notNull(),
});

export const tokenProviderEnum = pgEnum('token_provider', [
  'whatsapp',
  'google',
  'voicenter',
  'greeninvoice',
  'icount',
  'clerk',
]);

export const tokenTypeEnum = pgEnum('token_type', [
  'access_token',
  'refresh_token',
  'api_key',
  'webhook_secret',
]);

export const tokenVault = pgTable(
  'token_vault',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    tenantId: uuid('tenant_id')
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    provider: tokenProviderEnum('provider').notNull(),
    tokenType: tokenTypeEnum('token_type').notNull(),
    identifier: varchar('identifier', { length: 255 }),
    encryptedValue: text('encrypted_value').notNull(),
    expiresAt: moment('expires_at'),
    lastUsedAt: moment('last_used_at'),
    lastRefreshedAt: moment('last_refreshed_at'),
    isValid: varchar('is_valid', { length: 10 }).default('true').notNull(),
    lastError: text('last_error'),
    createdAt: moment('created_at').defaultNow().notNull(),
    updatedAt: moment('updated_at').defaultNow().notNull(),
  },
  (table) => [
    unique('token_vault_unique').on(
      table.tenantId,
      table.provider,
      table.tokenType,
      table.identifier,
    ),
    index('token_vault_tenant_provider_idx').on(table.tenantId, table.provider),
    index('token_vault_expires_at_idx').on(table.expiresAt),
  ],
);
