import { Browser } from '../../browser.mjs';
import { REDIRECT_URI, ask } from '../../connect.mjs';
import { takenBy } from '../bearer.mjs';
import { startNpm } from '../npm.mjs';
import { pinnedNpm } from '../pinned.mjs';

const NAME = 'better-auth';

/** @type {import('../../scene.mjs').Start} */
export async function start(given) {
  const { node, origin } = await startNpm(NAME, given);
  const at = `${origin}/api/auth`;
  const signedIn = async ({ email, password }) => {
    const browser = new Browser(REDIRECT_URI);
    await post(browser, `${at}/sign-in/email`, { email, password });
    return browser;
  };
  return {
    version: pinnedNpm(NAME, '@better-auth/oauth-provider'),
    issuer: at,
    authorizationUrl: `${at}/oauth2/authorize`,
    tokenUrl: `${at}/oauth2/token`,
    revocationUrl: `${at}/oauth2/revoke`,
    scope: 'openid offline_access',
    // What its client does on the application's pages. Where a browser is redirected, a script gets JSON.
    signIn: async (link, user) => {
      const browser = await signedIn(user);
      const consent = JSON.parse((await browser.open(link)).html).url;
      const query = new URL(consent, origin).search.slice(1);
      const answer = { accept: true, oauth_query: query };
      return (await post(browser, `${at}/oauth2/consent`, answer)).url;
    },
    isValid: takenBy(`${at}/oauth2/userinfo`),
    // The user can delete the consent (`/oauth2/delete-consent`), but that leaves the refresh token alive.
    endGrant: async ({ client, refreshToken }) => {
      const { status, text } = await ask(`${at}/oauth2/revoke`, client, { token: refreshToken });
      if (status !== 200) throw new Error(`Not revoked: ${status} ${text}`);
    },
    stop: () => node.stop(),
  };
}

async function post(browser, url, body) {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    origin: new URL(url).origin,
  };
  const response = await browser.fetch(url, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${url}: ${response.status} ${text}`);
  return text && JSON.parse(text);
}
