import assert from 'node:assert/strict';

import { PROVIDER } from '../scene.mjs';

/**
 * A forced refresh gives another access token, which the server takes. Some servers end the access token before
 * it at that moment.
 *
 * @param {import('../scene.mjs').Scene} scene
 */
export async function refreshes(scene) {
  const { server, client, keep, proxy } = scene;
  const { user, accessToken } = await scene.connect({ user: scene.nextUser() });
  proxy.reset();
  const forced = await keep.integration.getValidToken(user.name, PROVIDER, { forceRefresh: true });
  assert.equal(proxy.refreshes(), 1);
  assert.notEqual(forced.accessToken, accessToken);
  assert.ok(forced.expiresAt.getTime() > Date.now(), 'it is not said to have expired');
  assert.ok(await server.isValid(forced.accessToken, client), 'the server takes the new token');
  const isOldAlive = await server.isValid(accessToken, client);
  return isOldAlive ? 'works' : 'works, ends the old token';
}
