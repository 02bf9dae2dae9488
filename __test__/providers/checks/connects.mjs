import assert from 'node:assert/strict';

import { connect } from '../connect.mjs';
import { PROVIDER } from '../scene.mjs';

/**
 * A user connects, and the first call gets the token that was stored, without a request. Another code verifier
 * than was promised must be refused, where the server knows PKCE.
 *
 * @param {import('../scene.mjs').Scene} scene
 */
export async function connects(scene) {
  const { server, client, keep, proxy } = scene;
  const spoiled = await connect(server, client, scene.nextUser(), { spoilVerifier: true });
  proxy.reset();
  const { user, accessToken } = await scene.connect({ user: scene.nextUser() });
  const token = await keep.integration.getValidToken(user.name, PROVIDER);
  assert.equal(token.accessToken, accessToken);
  assert.equal(proxy.refreshes(), 0);
  assert.ok(await server.isValid(accessToken, client), 'the first access token is valid');
  return spoiled.status === 200 ? 'code, PKCE ignored' : 'code, PKCE';
}
