/** The table of the gmail store. */

import { sql } from 'drizzle-orm';
import { index, integer, pgPolicy, text } from 'drizzle-orm/pg-core';
import type { Declared, Integer, TableOf, Text, Timestamp } from './column-types.js';
import { timestamptz } from './timestamptz.js';
import { type Referenced, referring } from './references.js';
import { type TableOptions, tableIn } from './table.js';

/** The options of {@link gmailTokensTable}. */
export interface GmailTokensOptions extends TableOptions {
  /** The table that `user_id` refers to. Default: no foreign key. */
  users?: Referenced | undefined;
  /** The table that `tenant_id` refers to. Default: no foreign key. */
  tenants?: Referenced | undefined;
  /** Whether the table has row-level security with the policy `tenant_isolation`. Default: true. */
  rowLevelSecurity?: boolean | undefined;
}

interface Columns {
  id: Declared<'id', Text, 'key' | 'made'>;
  tenantId: Declared<'tenant_id', Text, 'notNull'>;
  userId: Declared<'user_id', Text, 'notNull'>;
  encryptedAccessToken: Declared<'encrypted_access_token', Text, 'notNull'>;
  encryptedRefreshToken: Declared<'encrypted_refresh_token', Text, 'notNull'>;
  expiresAt: Declared<'expires_at', Timestamp, 'notNull'>;
  scope: Declared<'scope', Text, 'notNull'>;
  keyVersion: Declared<'key_version', Integer, 'notNull' | 'default'>;
  refreshingAt: Declared<'refreshing_at', Timestamp>;
  connectedAt: Declared<'connected_at', Timestamp, 'notNull' | 'default'>;
  updatedAt: Declared<'updated_at', Timestamp, 'notNull' | 'default'>;
}

/** The declared table. */
export interface GmailTokens extends TableOf<'gmail_tokens', Columns> {}

/** Declares `gmail_tokens` as `tokenkeep migrate --store gmail` creates it. */
export function gmailTokensTable(options: GmailTokensOptions = {}): GmailTokens {
  const { users, tenants, rowLevelSecurity = true, schema } = options;
  return tableIn(schema)(
    'gmail_tokens',
    {
      id: text('id')
        .primaryKey()
        .$defaultFn(() => crypto.randomUUID()),
      tenantId: referring(text('tenant_id').notNull(), tenants, 'no action'),
      userId: referring(text('user_id').notNull().unique(), users, 'cascade'),
      encryptedAccessToken: text('encrypted_access_token').notNull(),
      encryptedRefreshToken: text('encrypted_refresh_token').notNull(),
      expiresAt: timestamptz('expires_at').notNull(),
      scope: text('scope').notNull(),
      keyVersion: integer('key_version').notNull().default(1),
      refreshingAt: timestamptz('refreshing_at'),
      connectedAt: timestamptz('connected_at').notNull().defaultNow(),
      updatedAt: timestamptz('updated_at').notNull().defaultNow(),
    },
    (table) => [
      index('gmail_tokens_user_id_idx').on(table.userId),
      index('gmail_tokens_tenant_id_idx').on(table.tenantId),
      ...(rowLevelSecurity ? [tenantIsolation()] : []),
    ],
  );
}

function tenantIsolation() {
  const using = sql`tenant_id = current_setting('app.current_tenant_id', true)`;
  return pgPolicy('tenant_isolation', { using });
}

/** A row as it is read. */
export type GmailToken = GmailTokens['$inferSelect'];
/** A row as it is inserted. */
export type NewGmailToken = GmailTokens['$inferInsert'];
