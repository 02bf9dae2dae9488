import { PROVIDER } from '../scene.mjs';

/**
 * Somebody sends an old refresh token. What matters is what becomes of the newest, which tokenkeep has stored.
 *
 * @param {import('../scene.mjs').Scene} scene
 */
export async function reuse(scene) {
  const { client, keep } = scene;
  const { user, refreshToken } = await scene.connect({ user: scene.nextUser() });
  await scene.expire(user);
  await keep.integration.getValidToken(user.name, PROVIDER);
  const newest = await keep.integration.getToken(user.name, PROVIDER);
  if (newest.refreshToken === refreshToken) return 'no rotation';
  const old = await scene.refresh(client, refreshToken);
  const { status } = await scene.refresh(client, newest.refreshToken);
  return `${old.status === 200 ? 'answered' : 'refused'}, newest ${status === 200 ? 'alive' : 'dead'}`;
}
