import { takenBy } from '../bearer.mjs';
import { signInByHint, startNpm } from '../npm.mjs';
import { pinnedNpm } from '../pinned.mjs';

const NAME = 'node-oauth';

/** @type {import('../../scene.mjs').Start} */
export async function start(given) {
  const { node, origin } = await startNpm(NAME, given);
  return {
    version: pinnedNpm(NAME, '@node-oauth/oauth2-server'),
    authorizationUrl: `${origin}/authorize`,
    tokenUrl: `${origin}/token`,
    scope: 'read',
    signIn: signInByHint,
    isValid: takenBy(`${origin}/resource`),
    endGrant: ({ user }) => node.tell('endGrant', user.name),
    stop: () => node.stop(),
  };
}
