/**
 * What is wrong with answers that should all be tokens of the users who were asked for.
 *
 * @param {import('../scene.mjs').Scene} scene
 * @param {import('../rows.mjs').User[]} users
 * @param {(import('../call.mjs').Answer & import('../call.mjs').Outcome)[]} answers
 * @returns {string[]}
 */
export function notTokens({ endpoint }, users, answers) {
  const families = new Map(
    users.map(({ id, refreshToken }) => [id, endpoint.familyOf(refreshToken)]),
  );
  return answers.flatMap(({ userId, accessToken, disconnected, code, message, error }) => {
    if (!accessToken)
      return [`${userId}: ${error ?? (disconnected ? 'disconnected' : `${code} ${message}`)}`];
    const own = endpoint.familyOfAccess(accessToken) === families.get(userId);
    return own ? [] : [`${userId}: a token of somebody else`];
  });
}

/**
 * Rows for which the provider was not asked exactly once, and by this process.
 *
 * @param {import('../scene.mjs').Scene} scene
 * @param {import('../rows.mjs').User[]} users
 * @param {string} client
 * @returns {string[]}
 */
export function notOneRequest({ endpoint }, users, client) {
  return users.flatMap(({ id, refreshToken }) => {
    const { exchanges, reuses } = endpoint.familyOf(refreshToken);
    const by = [...exchanges, ...reuses].map(({ request }) => request.form.client_secret);
    return by.length === 1 && by[0] === client ? [] : [`${id}: asked for by ${by.join(', ')}`];
  });
}
