import pg from 'pg';

/**
 * The demo user's row as an operator sees it, with SQL.
 *
 * @param {string} databaseUrl
 * @param {string} userId
 */
export function operator(databaseUrl, userId) {
  const query = async (text) => {
    const client = new pg.Client(databaseUrl);
    await client.connect();
    return client.query(text, [userId]).finally(() => client.end());
  };
  return {
    row: async () => (await query('SELECT * FROM gmail_tokens WHERE user_id = $1')).rows[0],
    count: async () => {
      const { rows } = await query('SELECT count(*)::int FROM gmail_tokens WHERE user_id = $1');
      return rows[0].count;
    },
    expire: () =>
      query(
        `UPDATE gmail_tokens SET expires_at = clock_timestamp() - interval '1 hour'
         WHERE user_id = $1`,
      ),
    removeRow: async () => {
      try {
        await query('DELETE FROM gmail_tokens WHERE user_id = $1');
      } catch (error) {
        const undefinedTable = '42P01';
        if (error.code !== undefinedTable) throw error;
      }
    },
  };
}

/** Whether a column contains a secret, in plaintext or only encoded. */
export function containsPlaintext(row, secrets) {
  const texts = Object.values(row).map(asText);
  const forms = secrets.flatMap((secret) => [
    secret,
    ...['hex', 'base64', 'base64url'].map((encoding) => Buffer.from(secret).toString(encoding)),
  ]);
  return texts.some((text) => forms.some((form) => text.includes(form)));
}

/** @returns {[string, string][]} column and value, long texts shortened */
export function describe(row) {
  return Object.entries(row).map(([column, value]) => [column, shorten(asText(value))]);
}

function asText(value) {
  if (value === null) return 'NULL';
  return value instanceof Date ? value.toISOString() : String(value);
}

function shorten(text) {
  const tooLong = text.length > 64;
  return tooLong ? `${text.slice(0, 32)}…${text.slice(-8)} (${text.length} characters)` : text;
}
