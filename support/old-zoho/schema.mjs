/** An application's own table of Zoho tokens, without tokenkeep. */

import { jsonb, pgTable, text, timestamp, uuid, varchar } from 'drizzle-orm/pg-core';

export const oauthTokens = pgTable('oauth_tokens', {
  id: uuid('id').primaryKey().defaultRandom(),
  clientId: varchar('client_id', { length: 255 }).notNull(),
  provider: varchar('provider', { length: 50 }).notNull(),
  accessToken: text('access_token'),
  refreshToken: text('refresh_token').notNull(),
  tokenExpiry: timestamp('token_expiry'),
  scopes: text('scopes'),
  metadata: jsonb('metadata'),
  createdAt: timestamp('created_at').notNull().defaultNow(),
  updatedAt: timestamp('updated_at').notNull().defaultNow(),
});

/** Not created by drizzle-kit, but by hand. */
export const UNIQUE_INDEX = `
  CREATE UNIQUE INDEX IF NOT EXISTS oauth_tokens_client_provider_unique
  ON oauth_tokens (client_id, provider)`;
