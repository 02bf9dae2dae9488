import { join } from 'node:path';

import { Browser } from '../../browser.mjs';
import { REDIRECT_URI, ask } from '../../connect.mjs';
import { installNpm } from '../../install.mjs';
import { startNode } from '../../ipc.mjs';
import { pinnedNpm } from '../pinned.mjs';

const NAME = 'jmondi';

/** @type {import('../../scene.mjs').Start} */
export async function start({ clients, progress }) {
  progress('installing');
  const folder = await installNpm(NAME);
  const node = await startNode(join(folder, 'server.mjs'), { cwd: folder });
  const { origin } = await node.tell('start', { clients, redirectUri: REDIRECT_URI });
  return {
    version: pinnedNpm(NAME, '@jmondi/oauth2-server'),
    authorizationUrl: `${origin}/authorize`,
    tokenUrl: `${origin}/token`,
    revocationUrl: `${origin}/revoke`,
    scope: 'read',
    signIn: async (link, { name }) => {
      const browser = new Browser(REDIRECT_URI);
      return (await browser.open(`${link}&login_hint=${name}`)).url;
    },
    isValid: async (accessToken, client) => {
      const { body } = await ask(`${origin}/introspect`, client, { token: accessToken });
      return body?.active === true;
    },
    endGrant: ({ user }) => node.tell('endGrant', user.name),
    stop: () => node.stop(),
  };
}
