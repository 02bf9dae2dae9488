/** The table of the calendar store. */

import { sql } from 'drizzle-orm';
import { type AnyPgColumn, foreignKey, pgPolicy, text, uuid } from 'drizzle-orm/pg-core';
import type { By, Declared, TableOf, Text, Texts, Timestamp, Uuid } from './column-types.js';
import { timestamptz } from './timestamptz.js';
import { type TableOptions, tableIn } from './table.js';

/**
 * A table whose `id` is a UUID. Does not use drizzle's types: for CommonJS, drizzle-orm 0.45 declares
 * `authUsers` with its types for ES modules.
 */
export interface UuidReferenced {
  id: By<{ readonly columnType: 'PgUUID' }, { readonly dataType: 'string uuid' }>;
}

/** The options of {@link googleCalendarTokensTable}. */
export interface GoogleCalendarTokensOptions extends TableOptions {
  /**
   * The table that `user_id` refers to, such as `authUsers` of `drizzle-orm/supabase`. Default: no foreign
   * key.
   */
  users?: UuidReferenced | undefined;
  /**
   * Whether the table has row-level security with the policy `user owns google token`, which needs
   * Supabase's `auth.uid()`. Default: true.
   */
  rowLevelSecurity?: boolean | undefined;
}

interface Columns {
  userId: Declared<'user_id', Uuid, 'key'>;
  accessToken: Declared<'access_token', Text, 'notNull'>;
  refreshToken: Declared<'refresh_token', Text, 'notNull'>;
  tokenExpiry: Declared<'token_expiry', Timestamp>;
  scopes: Declared<'scopes', Texts>;
  refreshingAt: Declared<'refreshing_at', Timestamp>;
  updatedAt: Declared<'updated_at', Timestamp, 'default'>;
}

/** The declared table. */
export interface GoogleCalendarTokens extends TableOf<'google_calendar_tokens', Columns> {}

/** Declares `google_calendar_tokens` as `tokenkeep migrate --store calendar` creates it. */
export function googleCalendarTokensTable(
  options: GoogleCalendarTokensOptions = {},
): GoogleCalendarTokens {
  const { users, rowLevelSecurity = true, schema } = options;
  return tableIn(schema)(
    'google_calendar_tokens',
    {
      userId: uuid('user_id').primaryKey(),
      accessToken: text('access_token').notNull(),
      refreshToken: text('refresh_token').notNull(),
      tokenExpiry: timestamptz('token_expiry'),
      scopes: text('scopes').array(),
      refreshingAt: timestamptz('refreshing_at'),
      updatedAt: timestamptz('updated_at').defaultNow(),
    },
    (table) => [
      ...(users ? [userKey(table.userId, users.id as unknown as AnyPgColumn)] : []),
      ...(rowLevelSecurity ? [ownership()] : []),
    ],
  );
}

/** With the name that PostgreSQL generates; drizzle would generate another. */
function userKey(userId: AnyPgColumn, id: AnyPgColumn) {
  const name = 'google_calendar_tokens_user_id_fkey';
  return foreignKey({ name, columns: [userId], foreignColumns: [id] }).onDelete('cascade');
}

function ownership() {
  return pgPolicy('user owns google token', { using: sql`auth.uid() = user_id` });
}

/** A row as it is read. */
export type GoogleCalendarToken = GoogleCalendarTokens['$inferSelect'];
/** A row as it is inserted. */
export type NewGoogleCalendarToken = GoogleCalendarTokens['$inferInsert'];
