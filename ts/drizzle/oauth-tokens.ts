/** The table of the zoho store. */

import { jsonb, text, timestamp, unique, uniqueIndex, uuid, varchar } from 'drizzle-orm/pg-core';
import { moment } from './moment.js';
import { type TableOptions, tableIn } from './table.js';

/** The application's part of `oauth_tokens`. */
export interface OAuthTokensOptions extends TableOptions {
  /**
   * The name of the unique constraint on `client_id` and `provider`, where the application had made
   * one; by default there is the unique index `oauth_tokens_client_provider_unique`.
   */
  uniqueConstraint?: string | undefined;
}

/** Declares `oauth_tokens` as `tokenkeep migrate --store zoho` makes it. */
export function oauthTokensTable({ schema, uniqueConstraint }: OAuthTokensOptions = {}) {
  return tableIn(schema)(
    'oauth_tokens',
    {
      id: uuid('id').primaryKey().defaultRandom(),
      clientId: varchar('client_id', { length: 255 }).notNull(),
      provider: varchar('provider', { length: 50 }).notNull(),
      accessToken: text('access_token'),
      refreshToken: text('refresh_token').notNull(),
      tokenExpiry: timestamp('token_expiry'),
      scopes: text('scopes'),
      metadata: jsonb('metadata'),
      refreshingAt: moment('refreshing_at'),
      invalidSince: moment('invalid_since'),
      invalidReason: text('invalid_reason'),
      createdAt: timestamp('created_at').notNull().defaultNow(),
      updatedAt: timestamp('updated_at').notNull().defaultNow(),
    },
    (table) => [
      uniqueConstraint === undefined
        ? uniqueIndex('oauth_tokens_client_provider_unique').on(table.clientId, table.provider)
        : unique(uniqueConstraint).on(table.clientId, table.provider),
    ],
  );
}

type OAuthTokens = ReturnType<typeof oauthTokensTable>;
/** A row as it is read. */
export type OAuthToken = OAuthTokens['$inferSelect'];
/** A row as it is inserted. */
export type NewOAuthToken = OAuthTokens['$inferInsert'];
