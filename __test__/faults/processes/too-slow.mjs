/** The machine was too slow for the limits of a round, which then shows nothing. */
export class TooSlow extends Error {}

/**
 * Whether an answer of the provider found nobody any more, in a round that breaks nothing between a
 * process and the provider.
 *
 * @param {import('../scene.mjs').Scene} scene
 * @param {import('../rows.mjs').User[]} users
 */
export function wasTooSlow({ endpoint }, users) {
  return users.some(({ refreshToken }) =>
    endpoint.familyOf(refreshToken).exchanges.some(({ request }) => !request.delivered),
  );
}
