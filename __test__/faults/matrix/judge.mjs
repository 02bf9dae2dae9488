/**
 * What callers were told that is not so, and what is left of a refresh that is over.
 *
 * @param {import('../scene.mjs').Scene} scene
 * @param {import('./planned-row.mjs').PlannedRow[]} plannedRows
 * @param {import('../call.mjs').Outcome[]} outcomes
 * @returns {Promise<string[]>}
 */
export async function judge({ endpoint, database }, plannedRows, outcomes) {
  const errors = [];
  for (const { userId, accessToken, disconnected, error } of outcomes) {
    const { user, families } = plannedRows.find((planned) => planned.user.id === userId);
    const say = (text) => errors.push(`${userId}: ${text}`);
    if (error) say(error);
    if (accessToken && !families.has(endpoint.familyOfAccess(accessToken))) {
      say("got somebody else's token");
    }
    if (disconnected && endpoint.familyOf(user.refreshToken).alive) {
      say('was told that the connection is gone, but the grant is alive');
    }
  }
  const { rows } = await database.query(
    `SELECT user_id FROM gmail_tokens WHERE user_id = ANY($1)
       AND refreshing_at IS NOT NULL AND expires_at > clock_timestamp() + interval '30 minutes'`,
    [plannedRows.map(({ user }) => user.id)],
  );
  return [...errors, ...rows.map((row) => `${row.user_id}: is fresh and keeps a lease`)];
}
