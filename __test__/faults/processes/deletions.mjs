/**
 * Has the database write down when a row is deleted, and what its lease was when the holder had it.
 *
 * @param {import('../scene.mjs').Scene} scene
 */
export function watchDeletions({ database }) {
  return database.query(
    `CREATE TABLE holders (user_id text PRIMARY KEY, leased timestamptz);
     CREATE TABLE deletions (user_id text NOT NULL, at timestamptz NOT NULL);
     CREATE FUNCTION write_down() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       INSERT INTO deletions VALUES (OLD.user_id, clock_timestamp());
       RETURN NULL;
     END $$;
     CREATE TRIGGER write_down AFTER DELETE ON gmail_tokens
       FOR EACH ROW EXECUTE FUNCTION write_down()`,
  );
}

/** Remembers the leases that are held now. @param {import('../scene.mjs').Scene} scene */
export function rememberLeases({ database }, ids) {
  return database.query(
    `INSERT INTO holders SELECT user_id, refreshing_at FROM gmail_tokens WHERE user_id = ANY($1)`,
    [ids],
  );
}

/** Time passes: all leases grow older. @param {import('../scene.mjs').Scene} scene @param {number} ms */
export function pass({ database }, ms) {
  return database.query(
    `UPDATE gmail_tokens SET refreshing_at = refreshing_at - ${ms} * interval '1 millisecond';
     UPDATE holders SET leased = leased - ${ms} * interval '1 millisecond'`,
  );
}

/**
 * Rows that were deleted, and how long after their holder's lease.
 *
 * @param {import('../scene.mjs').Scene} scene
 * @param {string[]} ids
 * @returns {Promise<{ userId: string, afterMs: number }[]>}
 */
export async function deletionsOf({ database }, ids) {
  const { rows } = await database.query(
    `SELECT user_id, extract(epoch FROM at - leased)::float8 * 1000 AS after_ms
     FROM deletions JOIN holders USING (user_id) WHERE user_id = ANY($1)`,
    [ids],
  );
  return rows.map(({ user_id: userId, after_ms: afterMs }) => ({ userId, afterMs }));
}
