/** The size of a table on disk: bytes per row, and per row of each index. */
export async function sizesOf({ client, rows }, table = 'gmail_tokens') {
  const { rows: found } = await client.query(
    `SELECT coalesce(i.indexrelid, c.oid)::regclass::text AS name,
       pg_table_size(coalesce(i.indexrelid, c.oid))::float8 AS bytes
     FROM pg_class c LEFT JOIN LATERAL (
       SELECT NULL::oid AS indexrelid UNION ALL
       SELECT indexrelid FROM pg_index WHERE indrelid = c.oid) AS i ON true
     WHERE c.oid = $1::regclass ORDER BY i.indexrelid NULLS FIRST`,
    [table],
  );
  return found.map(({ name, bytes }) => ({ name, bytes, perRow: bytes / rows }));
}

/** The number of updates and of HOT updates by sessions that have ended. */
export async function updatesOf({ client }, table = 'gmail_tokens') {
  const { rows } = await client.query(
    `SELECT n_tup_upd::int AS all, n_tup_hot_upd::int AS hot,
       pg_table_size(relid)::float8 AS bytes, pg_indexes_size(relid)::float8 AS index_bytes
     FROM pg_stat_user_tables WHERE relid = $1::regclass`,
    [table],
  );
  return rows[0];
}
