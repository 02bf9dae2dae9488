/** How a plan gets at the rows of a table. */

import type pg from 'pg';

/** A part of a plan, as EXPLAIN (FORMAT JSON) has it. */
export interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  Plans?: PlanNode[];
}

/** An index, and whether one row at most has the same values in all of its columns. */
export interface Index {
  table: string;
  isUnique: boolean;
  columns: string[];
}

export type Indexes = Map<string, Index>;

/** All indexes of all tables. */
export async function indexesOf(client: pg.Client): Promise<Indexes> {
  const { rows } = await client.query<Index & { name: string }>(`
    SELECT i.indexrelid::regclass::text AS name, c.relname AS table, i.indisunique AS "isUnique",
      array_agg(a.attname::text ORDER BY k.position) AS columns
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (number, position)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
    GROUP BY i.indexrelid, c.relname, i.indisunique`);
  return new Map(rows.map(({ name, ...index }) => [name.replace(/^tokenkeep\./, ''), index]));
}

/** A scan that may read more rows than those that are asked for. */
export interface Scan {
  node: string;
  table: string;
  index?: string;
}

/** Those of a plan: anything but an index scan by all columns of a unique index. */
export function wideScans(plan: PlanNode, indexes: Indexes): Scan[] {
  const own = wideScan(plan, indexes);
  const below = (plan.Plans ?? []).flatMap((part) => wideScans(part, indexes));
  return own ? [own, ...below] : below;
}

function wideScan(plan: PlanNode, indexes: Indexes): Scan | undefined {
  const { 'Node Type': node, 'Relation Name': table, 'Index Name': name } = plan;
  if (name !== undefined) {
    const index = indexes.get(name);
    if (index && isByKey(index, plan['Index Cond'] ?? '')) return undefined;
    return { node, table: table ?? index?.table ?? '', index: name };
  }
  // The rows of a bitmap are those that the index scans below it have found.
  const reads = table !== undefined && !['ModifyTable', 'Bitmap Heap Scan'].includes(node);
  return reads && !table.startsWith('pg_') ? { node, table } : undefined;
}

function isByKey({ isUnique, columns }: Index, condition: string): boolean {
  const isEqual = (column: string) =>
    new RegExp(`(?<![\\w.])(\\w+\\.)?\\(?${column}\\)?(::text)? = `).test(condition);
  return isUnique && columns.every(isEqual);
}

/** A scan in words. */
export function described({ node, table, index }: Scan): string {
  return `${node} on ${table}${index === undefined ? '' : ` using ${index}`}`;
}
