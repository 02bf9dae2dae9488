/**
 * Whether the machine was too slow for the limits of a round that breaks nothing between a process
 * and the provider: an answer found nobody any more. Then the round shows nothing.
 *
 * @param {import('../scene.mjs').Scene} scene
 * @param {import('../rows.mjs').User[]} users
 */
export function isDisturbed({ endpoint }, users) {
  return users.some(({ refreshToken }) =>
    endpoint.familyOf(refreshToken).exchanges.some(({ request }) => !request.delivered),
  );
}
