/** Tables made from a drizzle schema, migrated, and looked at. */

import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import { createTokenKeep, type MigrateOptions, type TokenKeepOptions } from '../../dist/index.js';
import type { TestDatabase } from './database';

/** The table of each store. */
export const TABLES = {
  gmail: 'gmail_tokens',
  zoho: 'oauth_tokens',
  vault: 'token_vault',
  calendar: 'google_calendar_tokens',
  integration: 'integration_tokens',
} as const;

/** Makes what a schema declares, as `drizzle-kit generate` and `migrate` do. */
export async function makeTables({ client }: TestDatabase, schema: object): Promise<void> {
  const empty = generateDrizzleJson({});
  const declared = generateDrizzleJson(schema as Record<string, unknown>, empty.id);
  for (const sql of await generateMigration(empty, declared)) await client.query(sql);
}

/** Migrates with an instance of its own; gives what was left out. */
export async function migrateOn(
  database: TestDatabase,
  migration: MigrateOptions,
  options: TokenKeepOptions = {},
): Promise<string[]> {
  const keep = createTokenKeep({ databaseUrl: database.url, ...options });
  return keep.migrate(migration).finally(() => keep.close());
}

/** All that the database says of a table. */
export async function tableOf({ client }: TestDatabase, table: string) {
  const texts = async (sql: string): Promise<string[]> =>
    (await client.query({ text: sql, values: [table], rowMode: 'array' })).rows.map(([row]) => row);
  return {
    /** Name, type, nullability, default; in the order of the names. */
    columns: await texts(
      `SELECT concat_ws(' ', attname, format_type(atttypid, atttypmod),
         CASE WHEN attnotnull THEN 'NOT NULL' END, 'DEFAULT ' || pg_get_expr(adbin, adrelid))
       FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
       WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attname`,
    ),
    constraints: await texts(
      `SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
       WHERE conrelid = $1::regclass AND contype <> 'n' ORDER BY 1`,
    ),
    indexes: await texts(
      `SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = $1::regclass ORDER BY 1`,
    ),
    policies: await texts(
      `SELECT concat_ws(' ', polname, polcmd, polpermissive, pg_get_expr(polqual, polrelid))
       FROM pg_policy WHERE polrelid = $1::regclass ORDER BY 1`,
    ),
    isRowSecure: await texts(`SELECT relrowsecurity::text FROM pg_class WHERE oid = $1::regclass`),
  };
}
