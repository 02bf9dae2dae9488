/** The table of the vault store. */

import { sql } from 'drizzle-orm';
import { type PgEnum, index, text, unique, uniqueIndex, uuid, varchar } from 'drizzle-orm/pg-core';
import type { Declared, Enum, TableOf, Text, Timestamp, Uuid, Varchar } from './column-types.js';
import { timestamptz } from './timestamptz.js';
import { type Referenced, referring } from './references.js';
import { type TableOptions, tableIn } from './table.js';
import { tokenProviderEnum, tokenTypeEnum } from './token-enums.js';

export type Values = [string, ...string[]];

/** The options of {@link tokenVaultTable}. */
export interface TokenVaultOptions<
  Providers extends Values = Values,
  Types extends Values = Values,
> extends TableOptions {
  /** The table that `tenant_id` refers to. Default: no foreign key. */
  tenants?: Referenced | undefined;
  /** The application's own enum `token_provider`; required with `schema`. */
  tokenProviderEnum?: PgEnum<Providers> | undefined;
  /** The application's own enum `token_type`; required with `schema`. */
  tokenTypeEnum?: PgEnum<Types> | undefined;
  /**
   * Whether the key `token_vault_unique` is a unique index instead of a constraint, for `drizzle-kit push`,
   * which recreates constraints of several columns each time. Default: false.
   */
  uniqueIndex?: boolean | undefined;
}

interface Columns<Providers extends Values, Types extends Values> {
  id: Declared<'id', Uuid, 'key' | 'default'>;
  tenantId: Declared<'tenant_id', Uuid, 'notNull'>;
  provider: Declared<'provider', Enum<Providers>, 'notNull'>;
  tokenType: Declared<'token_type', Enum<Types>, 'notNull'>;
  identifier: Declared<'identifier', Varchar>;
  encryptedValue: Declared<'encrypted_value', Text, 'notNull'>;
  expiresAt: Declared<'expires_at', Timestamp>;
  lastUsedAt: Declared<'last_used_at', Timestamp>;
  lastRefreshedAt: Declared<'last_refreshed_at', Timestamp>;
  isValid: Declared<'is_valid', Varchar, 'notNull' | 'default'>;
  lastError: Declared<'last_error', Text>;
  refreshingAt: Declared<'refreshing_at', Timestamp>;
  createdAt: Declared<'created_at', Timestamp, 'notNull' | 'default'>;
  updatedAt: Declared<'updated_at', Timestamp, 'notNull' | 'default'>;
}

/** The declared table. */
export interface TokenVault<
  Providers extends Values = typeof tokenProviderEnum.enumValues,
  Types extends Values = typeof tokenTypeEnum.enumValues,
> extends TableOf<'token_vault', Columns<Providers, Types>> {}

/** Declares `token_vault` as `tokenkeep migrate --store vault` creates it. */
export function tokenVaultTable<
  Providers extends Values = typeof tokenProviderEnum.enumValues,
  Types extends Values = typeof tokenTypeEnum.enumValues,
>(options: TokenVaultOptions<Providers, Types> = {}): TokenVault<Providers, Types> {
  const { tenants, schema, uniqueIndex: isIndex = false } = options;
  const provider = options.tokenProviderEnum ?? withoutSchema(tokenProviderEnum, schema);
  const tokenType = options.tokenTypeEnum ?? withoutSchema(tokenTypeEnum, schema);
  const table = tableIn(schema)(
    'token_vault',
    {
      id: uuid('id').primaryKey().defaultRandom(),
      tenantId: referring(uuid('tenant_id').notNull(), tenants, 'cascade'),
      provider: (provider as PgEnum<Providers>)('provider').notNull(),
      tokenType: (tokenType as PgEnum<Types>)('token_type').notNull(),
      identifier: varchar('identifier', { length: 255 }),
      encryptedValue: text('encrypted_value').notNull(),
      expiresAt: timestamptz('expires_at'),
      lastUsedAt: timestamptz('last_used_at'),
      lastRefreshedAt: timestamptz('last_refreshed_at'),
      isValid: varchar('is_valid', { length: 10 }).default('true').notNull(),
      lastError: text('last_error'),
      refreshingAt: timestamptz('refreshing_at'),
      createdAt: timestamptz('created_at').defaultNow().notNull(),
      updatedAt: timestamptz('updated_at').defaultNow().notNull(),
    },
    (table) => [
      (isIndex ? uniqueIndex : unique)('token_vault_unique').on(
        table.tenantId,
        table.provider,
        table.tokenType,
        table.identifier,
      ),
      uniqueIndex('token_vault_unique_without_identifier')
        .on(table.tenantId, table.provider, table.tokenType)
        .where(sql`identifier IS NULL`),
      index('token_vault_tenant_provider_idx').on(table.tenantId, table.provider),
      index('token_vault_expires_at_idx').on(table.expiresAt),
    ],
  );
  // The type depends on the enums, which are generic here.
  return table as unknown as TokenVault<Providers, Types>;
}

/** In a schema, the application must pass its own enum: drizzle-kit creates exported enums only. */
function withoutSchema<Enum extends { enumName: string }>(builtIn: Enum, schema: unknown): Enum {
  if (schema === undefined) return builtIn;
  throw new TypeError(
    `schema: requires an enum ${builtIn.enumName} in that schema, created with schema.enum()`,
  );
}

/** A row as it is read. */
export type TokenVaultEntry = TokenVault['$inferSelect'];
/** A row as it is inserted. */
export type NewTokenVaultEntry = TokenVault['$inferInsert'];
