import { Browser } from '../../browser.mjs';
import { REDIRECT_URI } from '../../connect.mjs';
import { takenBy } from '../bearer.mjs';
import { startNpm } from '../npm.mjs';
import { pinnedNpm } from '../pinned.mjs';

const NAME = 'oidc-provider';

/** @type {import('../../scene.mjs').Start} */
export async function start(given) {
  const { node, origin } = await startNpm(NAME, given);
  return {
    version: pinnedNpm(NAME, 'oidc-provider'),
    issuer: origin,
    authorizationUrl: `${origin}/auth`,
    tokenUrl: `${origin}/token`,
    revocationUrl: `${origin}/token/revocation`,
    scope: 'openid offline_access',
    // It grants offline access only to a user who is asked.
    authorizationParameters: { prompt: 'consent' },
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
