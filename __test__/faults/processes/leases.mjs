/**
 * Rows whose lease nobody has given back, when all is calm.
 *
 * @param {import('../scene.mjs').Scene} scene
 * @param {import('../rows.mjs').User[]} users
 * @returns {Promise<string[]>}
 */
export async function leftLeased({ database }, users) {
  const { rows } = await database.query(
    'SELECT user_id FROM gmail_tokens WHERE user_id = ANY($1) AND refreshing_at IS NOT NULL',
    [users.map(({ id }) => id)],
  );
  return rows.map((row) => `${row.user_id}: keeps a lease`);
}
