import crypto from 'node:crypto';

/**
 * @typedef {{ clientId: string, clientSecret: string, redirectUri: string }} Client
 *
 * @typedef {object} Connection
 * @property {string} accessToken
 * @property {string} refreshToken
 * @property {number} expiresIn seconds
 * @property {string} scope
 */

/**
 * The authorization code flow with PKCE, for both the application and the user's browser.
 *
 * @param {string} issuer
 * @param {Client} client
 * @param {string} scope
 * @param {string} accountId who signs in
 * @returns {Promise<Connection>}
 */
export async function connect(issuer, client, scope, accountId) {
  const verifier = crypto.randomBytes(32).toString('base64url');
  const state = crypto.randomBytes(16).toString('base64url');
  const link = `${issuer}/auth?${new URLSearchParams({
    client_id: client.clientId,
    redirect_uri: client.redirectUri,
    response_type: 'code',
    scope,
    state,
    prompt: 'consent',
    login_hint: accountId,
    code_challenge: crypto.createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })}`;
  const callback = await browse(link, client.redirectUri);
  if (callback.get('state') !== state || !callback.get('code')) {
    throw new Error(`The authorization endpoint returned ${callback}`);
  }
  const tokens = await post(`${issuer}/token`, client, {
    grant_type: 'authorization_code',
    code: callback.get('code'),
    redirect_uri: client.redirectUri,
    code_verifier: verifier,
  });
  return {
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
    expiresIn: tokens.expires_in,
    scope: tokens.scope,
  };
}

/** Follows redirects with cookies, like a browser, up to the redirect to the client. */
async function browse(link, redirectUri) {
  const cookies = new Map();
  for (let url = link, steps = 0; steps < 10; steps++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (!location) throw new Error(`${response.status}: ${await response.text()}`);
    url = new URL(location, url).href;
    if (url.startsWith(redirectUri)) return new URL(url).searchParams;
  }
  throw new Error('The authorization endpoint redirects endlessly.');
}

/**
 * Sends a request with the client's secret in the form; returns the JSON response.
 *
 * @param {string} url
 * @param {Client} client
 * @param {Record<string, string>} fields
 */
export async function post(url, { clientId, clientSecret }, fields) {
  const body = new URLSearchParams({ client_id: clientId, client_secret: clientSecret, ...fields });
  const response = await fetch(url, { method: 'POST', body });
  const text = await response.text();
  if (!response.ok) throw new Error(`${new URL(url).pathname}: ${response.status} ${text}`);
  return text && JSON.parse(text);
}
