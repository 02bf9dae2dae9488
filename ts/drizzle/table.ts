/** Where a table is. */

import { type PgSchema, pgTable } from 'drizzle-orm/pg-core';

/** What all tables take. */
export interface TableOptions {
  /** The schema of the table, made with `pgSchema`; by default that of the connection. */
  schema?: PgSchema | undefined;
}

/** Makes tables of the schema. The schema is no part of their type: no query needs it there. */
export function tableIn(schema: PgSchema | undefined): typeof pgTable {
  return schema ? (schema.table as unknown as typeof pgTable) : pgTable;
}
