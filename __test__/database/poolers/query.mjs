import pg from 'pg';

/**
 * One statement on a connection of its own, as a simple query: PgBouncer's console has no others.
 *
 * @param {string} url
 * @param {string} sql
 * @returns {Promise<any[]>}
 */
export async function query(url, sql) {
  const client = new pg.Client(url);
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
