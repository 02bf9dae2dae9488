/** The table of the integration store. */

import { type BuildColumns, sql } from 'drizzle-orm';
import {
  type ExtraConfigColumn,
  type PgColumnBuilderBase,
  type PgTableWithColumns,
  foreignKey,
  index,
  integer,
  text,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { moment } from './moment.js';
import type { Referenced } from './references.js';
import { type TableOptions, tableIn } from './table.js';

export type Columns = Record<string, PgColumnBuilderBase>;
export type NoColumns = Record<never, never>;

/** The application's part of `integration_tokens`. */
export interface IntegrationTokensOptions<Own extends Columns = NoColumns> extends TableOptions {
  /** The table that `user_id` refers to; without it there is no foreign key. */
  users?: Referenced | undefined;
  /**
   * Columns of the application's own, and its own declaration of one that is here already, such as
   * `id`. tokenkeep inserts rows: what is never NULL needs a default in the database.
   */
  columns?: Own | undefined;
  /**
   * The name of the unique constraint on `user_id` and `provider`, where the application had made
   * one; by default there is the unique index `integration_tokens_user_provider_unique`.
   */
  uniqueConstraint?: string | undefined;
}

function usualColumns() {
  return {
    id: text('id')
      .primaryKey()
      // Without a cast to text: with one drizzle-kit finds another default in the database each time.
      .default(sql`gen_random_uuid()`),
    userId: text('user_id').notNull(),
    provider: text('provider').notNull(),
    accessToken: text('access_token').notNull(),
    refreshToken: text('refresh_token'),
    expiresAt: moment('expires_at').notNull(),
    scopes: text('scopes').array().notNull(),
    refreshingAt: moment('refreshing_at'),
    invalidSince: moment('invalid_since'),
    invalidReason: text('invalid_reason'),
    lastRefreshedAt: moment('last_refreshed_at'),
    lastErrorCode: text('last_error_code'),
    failureCount: integer('failure_count').notNull().default(0),
    createdAt: moment('created_at').notNull().defaultNow(),
    updatedAt: moment('updated_at').notNull().defaultNow(),
  };
}

type AllColumns<Own extends Columns> = Omit<ReturnType<typeof usualColumns>, keyof Own> & Own;

/** The declared table. */
export type IntegrationTokens<Own extends Columns = NoColumns> = PgTableWithColumns<{
  name: 'integration_tokens';
  schema: undefined;
  columns: BuildColumns<'integration_tokens', AllColumns<Own>, 'pg'>;
  dialect: 'pg';
}>;

/** Declares `integration_tokens` as `tokenkeep migrate --store integration` makes it. */
export function integrationTokensTable<Own extends Columns = NoColumns>(
  options: IntegrationTokensOptions<Own> = {},
): IntegrationTokens<Own> {
  const { users, schema, columns, uniqueConstraint } = options;
  const all = { ...usualColumns(), ...columns } as unknown as AllColumns<Own>;
  return tableIn(schema)('integration_tokens', all, (table) => {
    const { userId, provider, expiresAt } = table as Record<
      'userId' | 'provider' | 'expiresAt',
      ExtraConfigColumn
    >;
    return [
      uniqueConstraint === undefined
        ? uniqueIndex('integration_tokens_user_provider_unique').on(userId, provider)
        : unique(uniqueConstraint).on(userId, provider),
      index('integration_tokens_expires_at').on(expiresAt),
      ...(users
        ? [foreignKey({ columns: [userId], foreignColumns: [users.id] }).onDelete('cascade')]
        : []),
    ];
  });
}

/** A row as it is read. */
export type IntegrationTokenRow = IntegrationTokens['$inferSelect'];
/** A row as it is inserted. */
export type NewIntegrationTokenRow = IntegrationTokens['$inferInsert'];
