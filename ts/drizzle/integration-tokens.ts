/** The table of the integration store. */

import { sql } from 'drizzle-orm';
import {
  type ExtraConfigColumn,
  type PgTable,
  type PgTableWithColumns,
  foreignKey,
  index,
  integer,
  jsonb,
  type pgTable,
  text,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type {
  ColumnsOf,
  Declared,
  Integer,
  Jsonb,
  MajorsOwn,
  TableOf,
  Text,
  Texts,
  Timestamp,
} from './column-types.js';
import { timestamptz } from './timestamptz.js';
import type { Referenced } from './references.js';
import { type TableOptions, tableIn } from './table.js';

/** Additional columns of an application, as `pgTable` takes them. */
export type OwnColumns = ReturnType<Parameters<typeof pgTable>[1]>;

/** The options of {@link integrationTokensTable}. */
export interface IntegrationTokensOptions<
  Own extends OwnColumns = Record<never, never>,
> extends TableOptions {
  /** The table that `user_id` refers to. Default: no foreign key. */
  users?: Referenced | undefined;
  /**
   * Additional columns of the application, or other declarations of existing ones, such as `id`. tokenkeep
   * inserts rows, so a NOT NULL column needs a default in the database.
   */
  columns?: Own | undefined;
  /**
   * The name of an existing unique constraint of the application on `user_id` and `provider`. Default: the
   * unique index `integration_tokens_user_provider_unique`.
   */
  uniqueConstraint?: string | undefined;
}

function usualColumns() {
  return {
    id: text('id')
      .primaryKey()
      // Without a cast to text, which drizzle-kit would report as a changed default each time.
      .default(sql`gen_random_uuid()`),
    userId: text('user_id').notNull(),
    provider: text('provider').notNull(),
    accessToken: text('access_token').notNull(),
    refreshToken: text('refresh_token'),
    expiresAt: timestamptz('expires_at').notNull(),
    scopes: text('scopes').array().notNull(),
    refreshingAt: timestamptz('refreshing_at'),
    invalidSince: timestamptz('invalid_since'),
    invalidReason: text('invalid_reason'),
    lastRefreshedAt: timestamptz('last_refreshed_at'),
    lastErrorCode: text('last_error_code'),
    failureCount: integer('failure_count').notNull().default(0),
    metadata: jsonb('metadata'),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
    updatedAt: timestamptz('updated_at').notNull().defaultNow(),
  };
}

interface Columns {
  id: Declared<'id', Text, 'key' | 'default'>;
  userId: Declared<'user_id', Text, 'notNull'>;
  provider: Declared<'provider', Text, 'notNull'>;
  accessToken: Declared<'access_token', Text, 'notNull'>;
  refreshToken: Declared<'refresh_token', Text>;
  expiresAt: Declared<'expires_at', Timestamp, 'notNull'>;
  scopes: Declared<'scopes', Texts, 'notNull'>;
  refreshingAt: Declared<'refreshing_at', Timestamp>;
  invalidSince: Declared<'invalid_since', Timestamp>;
  invalidReason: Declared<'invalid_reason', Text>;
  lastRefreshedAt: Declared<'last_refreshed_at', Timestamp>;
  lastErrorCode: Declared<'last_error_code', Text>;
  failureCount: Declared<'failure_count', Integer, 'notNull' | 'default'>;
  metadata: Declared<'metadata', Jsonb>;
  createdAt: Declared<'created_at', Timestamp, 'notNull' | 'default'>;
  updatedAt: Declared<'updated_at', Timestamp, 'notNull' | 'default'>;
}

/** The declared table. */
export interface IntegrationTokens extends TableOf<'integration_tokens', Columns> {}

/** The columns that `pgTable` builds. */
type Built<Own extends OwnColumns> = ReturnType<
  typeof pgTable<'integration_tokens', Own>
>['_']['columns'];

/** The declared table, with additional columns of the application. */
export type IntegrationTokensWith<Own extends OwnColumns> = PgTableWithColumns<
  {
    name: 'integration_tokens';
    schema: undefined;
    columns: Omit<ColumnsOf<'integration_tokens', Columns>, keyof Own> & Built<Own>;
    dialect: 'pg';
  } & MajorsOwn
>;

/** Declares `integration_tokens` as `tokenkeep migrate --store integration` creates it. */
export function integrationTokensTable<Own extends OwnColumns>(
  options: IntegrationTokensOptions<Own> & { columns: Own },
): IntegrationTokensWith<Own>;
export function integrationTokensTable(options?: IntegrationTokensOptions): IntegrationTokens;
export function integrationTokensTable(
  options: IntegrationTokensOptions<OwnColumns> = {},
): PgTable {
  const { users, schema, columns, uniqueConstraint } = options;
  const all = { ...usualColumns(), ...columns };
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
