import assert from 'node:assert/strict';

import { PROVIDER } from '../scene.mjs';

/**
 * `revoke` deletes the row, and the refresh token does not work any more.
 *
 * @param {import('../scene.mjs').Scene} scene
 */
export async function revocation(scene) {
  const { server, client, keep } = scene;
  if (!server.revocationUrl) return 'no endpoint';
  const { user, accessToken, refreshToken } = await scene.connect({ user: scene.nextUser() });
  assert.equal(await keep.integration.revoke(user.name, PROVIDER, { confirm: true }), true);
  assert.equal(await keep.integration.getToken(user.name, PROVIDER), null);
  const { status } = await scene.refresh(client, refreshToken);
  assert.notEqual(status, 200, 'the refresh token is dead');
  const isAlive = await server.isValid(accessToken, client);
  return isAlive ? 'revoked, access token lives on' : 'revoked';
}
