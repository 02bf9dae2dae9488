import pg from 'pg';

/**
 * The used part of Supabase's client: a table behind its REST server, which runs each request in a
 * transaction, with the role and the claims of the caller's key.
 *
 * @param {{ databaseUrl: string, role?: string, claims?: object }} options
 */
export function createSupabase({ databaseUrl, role = 'none', claims = {} }) {
  const pool = new pg.Pool({ connectionString: databaseUrl });
  // The process must not exit when the server closes an idle connection.
  pool.on('error', () => {});

  /** @param {string} sql @param {unknown[]} values */
  async function request(sql, values) {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      await client.query(
        `SELECT set_config('role', $1, true), set_config('request.jwt.claims', $2, true)`,
        [role, JSON.stringify(claims)],
      );
      const { rows } = await client.query(sql, values);
      await client.query('COMMIT');
      return rows;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {});
      // Like the client, includes the database's details about the row.
      throw new Error(JSON.stringify({ message: error.message, details: error.detail }));
    } finally {
      client.release();
    }
  }

  return {
    /** One row as JSON, if it exists. @param {string} table @param {string} columns @param {string} userId */
    async select(table, columns, userId) {
      const [row] = await request(
        `SELECT to_json(found) AS data
         FROM (SELECT ${columns} FROM ${table} WHERE user_id = $1) AS found`,
        [userId],
      );
      return row?.data;
    },
    /** Inserts or replaces all columns of a row. @param {string} table @param {object} row */
    async upsert(table, row) {
      const columns = Object.keys(row);
      await request(
        `INSERT INTO ${table} (${columns})
         SELECT ${columns} FROM json_populate_record(NULL::${table}, $1)
         ON CONFLICT (user_id) DO UPDATE SET
           ${columns.map((column) => `${column} = EXCLUDED.${column}`)}`,
        [JSON.stringify(row)],
      );
    },
    /** @param {string} table @param {string} userId */
    async delete(table, userId) {
      await request(`DELETE FROM ${table} WHERE user_id = $1`, [userId]);
    },
    close: () => pool.end(),
  };
}
