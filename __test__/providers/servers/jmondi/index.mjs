import { ask } from '../../connect.mjs';
import { signInByHint, startNpm } from '../npm.mjs';
import { pinnedNpm } from '../pinned.mjs';

const NAME = 'jmondi';

/** @type {import('../../scene.mjs').Start} */
export async function start(given) {
  const { node, origin } = await startNpm(NAME, given);
  return {
    version: pinnedNpm(NAME, '@jmondi/oauth2-server'),
    authorizationUrl: `${origin}/authorize`,
    tokenUrl: `${origin}/token`,
    revocationUrl: `${origin}/revoke`,
    scope: 'read',
    signIn: signInByHint,
    isValid: async (accessToken, client) => {
      const { body } = await ask(`${origin}/introspect`, client, { token: accessToken });
      return body?.active === true;
    },
    endGrant: ({ user }) => node.tell('endGrant', user.name),
    stop: () => node.stop(),
  };
}
