/** The table of the zoho store. */

import { jsonb, text, timestamp, unique, uniqueIndex, uuid, varchar } from 'drizzle-orm/pg-core';
import type { Declared, Jsonb, TableOf, Text, Timestamp, Uuid, Varchar } from './column-types.js';
import { timestamptz } from './timestamptz.js';
import { type TableOptions, tableIn } from './table.js';

/** The options of {@link oauthTokensTable}. */
export interface OAuthTokensOptions extends TableOptions {
  /**
   * The name of an existing unique constraint of the application on `client_id` and `provider`. Default: the
   * unique index `oauth_tokens_client_provider_unique`.
   */
  uniqueConstraint?: string | undefined;
}

interface Columns {
  id: Declared<'id', Uuid, 'key' | 'default'>;
  clientId: Declared<'client_id', Varchar, 'notNull'>;
  provider: Declared<'provider', Varchar, 'notNull'>;
  accessToken: Declared<'access_token', Text>;
  refreshToken: Declared<'refresh_token', Text, 'notNull'>;
  tokenExpiry: Declared<'token_expiry', Timestamp>;
  scopes: Declared<'scopes', Text>;
  metadata: Declared<'metadata', Jsonb>;
  refreshingAt: Declared<'refreshing_at', Timestamp>;
  invalidSince: Declared<'invalid_since', Timestamp>;
  invalidReason: Declared<'invalid_reason', Text>;
  createdAt: Declared<'created_at', Timestamp, 'notNull' | 'default'>;
  updatedAt: Declared<'updated_at', Timestamp, 'notNull' | 'default'>;
}

/** The declared table. */
export interface OAuthTokens extends TableOf<'oauth_tokens', Columns> {}

/** Declares `oauth_tokens` as `tokenkeep migrate --store zoho` creates it. */
export function oauthTokensTable(options: OAuthTokensOptions = {}): OAuthTokens {
  const { schema, uniqueConstraint } = options;
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
      refreshingAt: timestamptz('refreshing_at'),
      invalidSince: timestamptz('invalid_since'),
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

/** A row as it is read. */
export type OAuthToken = OAuthTokens['$inferSelect'];
/** A row as it is inserted. */
export type NewOAuthToken = OAuthTokens['$inferInsert'];
