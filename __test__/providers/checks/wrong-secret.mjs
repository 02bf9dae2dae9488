import assert from 'node:assert/strict';

import { withWrongSecret } from '../people.mjs';
import { PROVIDER } from '../scene.mjs';

/** What an error is called in the table. */
const WORDS = {
  ClientRejectedError: 'client rejected',
  ProviderRefusedError: 'refused',
  TokenRevokedError: 'taken for dead',
};

/**
 * An instance with a wrong client secret, described as the server needs it otherwise. The row is kept in any case,
 * and works again with the right secret, unless the server has spent the refresh token.
 *
 * @param {import('../scene.mjs').Scene} scene
 */
export async function wrongSecret(scene) {
  const { client, keep, errors } = scene;
  const { user, refreshToken } = await scene.connect({ user: scene.nextUser() });
  const wrong = scene.open(withWrongSecret(client), { errors });
  await scene.expire(user);
  const { name } = await wrong.integration.getValidToken(user.name, PROVIDER).then(
    () => assert.fail('the secret is not looked at'),
    (error) => error,
  );
  const kept = await keep.integration.getToken(user.name, PROVIDER);
  assert.equal(kept?.refreshToken, refreshToken);
  // It removes the mark and ends the pause, as a person does who has corrected the secret.
  if (name !== 'ClientRejectedError') await keep.revive({ store: 'integration' });
  const works = await keep.integration.getValidToken(user.name, PROVIDER).then(
    () => true,
    () => false,
  );
  return `${WORDS[name] ?? name}, ${works ? 'row works again' : 'refresh token spent'}`;
}
