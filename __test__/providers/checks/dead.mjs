import assert from 'node:assert/strict';

import { PROVIDER } from '../scene.mjs';

/**
 * The grant ends at the server. Where that is not answered as RFC 6749 says, a rule in `errors` must help.
 *
 * @param {import('../scene.mjs').Scene} scene
 */
export async function dead(scene) {
  const { client, keep, errors } = scene;
  const plain = await refusedWith(scene, keep);
  if (!errors) return wordOf(plain);
  assert.notEqual(plain, 'TokenRevokedError', 'needs no rule');
  const told = await refusedWith(scene, scene.open(client, { errors }));
  return `${wordOf(plain)}; ${wordOf(told)} by a rule`;
}

/** The name of the error that the next call gets. @param {import('tokenkeep').TokenKeep} keep */
async function refusedWith(scene, keep) {
  const connection = await scene.connect({ user: scene.nextUser(), into: keep });
  const { user } = connection;
  await scene.server.endGrant(connection);
  await scene.expire(user);
  const error = await keep.integration.getValidToken(user.name, PROVIDER).then(
    () => assert.fail('the grant is still alive'),
    (thrown) => thrown,
  );
  const { reason } = await keep.integration.connectionStatus(user.name, PROVIDER);
  const isRevoked = error.name === 'TokenRevokedError';
  assert.equal(reason, isRevoked ? 'needs_reauthorization' : 'refused');
  return error.name;
}

function wordOf(name) {
  return { TokenRevokedError: 'revoked', ProviderRefusedError: 'refused' }[name] ?? name;
}
