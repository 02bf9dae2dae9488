import { join } from 'node:path';

import { Browser } from '../../browser.mjs';
import { REDIRECT_URI } from '../../connect.mjs';
import { installNpm } from '../../install.mjs';
import { startNode } from '../../ipc.mjs';
import { takenBy } from '../bearer.mjs';
import { pinnedNpm } from '../pinned.mjs';

const NAME = 'oidc-provider';

/** @type {import('../../scene.mjs').Start} */
export async function start({ clients, progress }) {
  progress('installing');
  const folder = await installNpm(NAME);
  const node = await startNode(join(folder, 'server.mjs'), { cwd: folder });
  const { origin } = await node.tell('start', { clients, redirectUri: REDIRECT_URI });
  return {
    version: pinnedNpm(NAME, 'oidc-provider'),
    issuer: origin,
    authorizationUrl: `${origin}/auth`,
    tokenUrl: `${origin}/token`,
    revocationUrl: `${origin}/token/revocation`,
    scope: 'openid offline_access',
    // It grants offline access only to a user who is asked.
    authorizationParameters: { prompt: 'consent' },
    enforcesMethod: true,
    signIn: async (link, { name, password }) => {
      const browser = new Browser(REDIRECT_URI);
      const login = await browser.open(link);
      const consent = await browser.submit(login, { login: name, password });
      return (await browser.submit(consent, {})).url;
    },
    isValid: takenBy(`${origin}/me`),
    endGrant: ({ refreshToken }) => node.tell('endGrant', refreshToken),
    stop: () => node.stop(),
  };
}
