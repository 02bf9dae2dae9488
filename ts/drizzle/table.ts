/** The schema of a table. */

import { type PgSchema, pgTable } from 'drizzle-orm/pg-core';

/** The options of all tables. */
export interface TableOptions {
  /** The schema of the table, created with `pgSchema`. Default: that of the connection. */
  schema?: PgSchema | undefined;
}

/** `pgTable` for the schema. The type omits the schema, which queries do not need. */
export function tableIn(schema: PgSchema | undefined): typeof pgTable {
  return schema ? (schema.table as unknown as typeof pgTable) : pgTable;
}
