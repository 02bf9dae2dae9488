import assert from 'node:assert/strict';

import { PROVIDER } from '../scene.mjs';

/**
 * Two refreshes in a row work, and after each the row holds the newest refresh token.
 *
 * @param {import('../scene.mjs').Scene} scene
 */
export async function rotation(scene) {
  const { keep, proxy } = scene;
  const { user, refreshToken } = await scene.connect({ user: scene.nextUser() });
  const stored = [refreshToken];
  for (let count = 0; count < 2; count += 1) {
    await scene.expire(user);
    proxy.reset();
    await keep.integration.getValidToken(user.name, PROVIDER);
    assert.equal(proxy.refreshes(), 1);
    const token = await keep.integration.getToken(user.name, PROVIDER);
    // A server that keeps the refresh token need not repeat it.
    assert.equal(token.refreshToken, proxy.lastRefreshToken() ?? stored.at(-1));
    stored.push(token.refreshToken);
  }
  return { 1: 'keeps', 2: 'sometimes rotates', 3: 'rotates' }[new Set(stored).size];
}
