/** Foreign keys into tables of the application. */

import type { AnyPgColumn, UpdateDeleteAction } from 'drizzle-orm/pg-core';

/** A table of the application. */
export interface Referenced {
  id: AnyPgColumn;
}

interface ReferencingColumn {
  references(
    column: () => AnyPgColumn,
    actions?: { onDelete?: UpdateDeleteAction; onUpdate?: UpdateDeleteAction },
  ): this;
}

/** Adds a foreign key to the column, if there is a table to refer to. */
export function referring<Column extends ReferencingColumn>(
  column: Column,
  table: Referenced | undefined,
  onDelete: UpdateDeleteAction,
): Column {
  return table ? column.references(() => table.id, { onDelete }) : column;
}
