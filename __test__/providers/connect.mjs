/** How a user connects: by tokenkeep's routes, and by hand, for what tokenkeep does not do. */
import { createHash, createPrivateKey, randomBytes, sign } from 'node:crypto';

import { createConnectHandlers } from 'tokenkeep/http';

/** The name of the server among the providers of an instance. */
export const PROVIDER = 'server';

/** The address of the application's routes. No browser opens it: what it would be sent is passed to the routes. */
const ROUTES = 'https://application.example';

export const REDIRECT_URI = `${ROUTES}/callback/${PROVIDER}`;

/**
 * Connects a user by tokenkeep's routes.
 *
 * @param {import('tokenkeep').TokenKeep} keep
 * @param {import('./scene.mjs').Server} server
 * @param {import('./scene.mjs').User} user
 * @returns {Promise<{ accessToken: string, refreshToken: string }>} what is stored then
 */
export async function connectByRoutes(keep, server, user) {
  let reported;
  const handlers = createConnectHandlers({
    keep,
    url: ROUTES,
    scopes: { [PROVIDER]: server.scope.split(' ') },
    userId: () => user.name,
    onError: (error) => (reported = error),
  });
  const started = await handlers.connect(new Request(`${ROUTES}/connect/${PROVIDER}`));
  const link = started.headers.get('location');
  if (!link) throw reported;
  const [cookie] = started.headers.getSetCookie().map((line) => line.split(';')[0]);
  const headers = { cookie, accept: 'application/json' };
  const back = await server.signIn(link, user);
  if (!back.startsWith(REDIRECT_URI)) throw new Error(`The user is sent to ${back}`);
  const answer = await handlers.callback(new Request(back, { headers }));
  if (answer.status !== 200) throw reported ?? new Error(await answer.text());
  return keep.integration.getToken(user.name, PROVIDER);
}

/**
 * @typedef {'client_secret_post' | 'client_secret_basic' | 'client_secret_basic_raw' | 'private_key_jwt'} Method
 *   the raw one encodes nothing
 * @typedef {{ id: string, secret: string, method: Method, key?: import('node:crypto').JsonWebKey }} Client `key`
 *   instead of a secret
 *
 * @typedef {object} Answer
 * @property {number} status
 * @property {string} text
 * @property {any} body parsed, or `undefined` where it is no JSON
 */

/**
 * Signs a user in, and exchanges the code by hand (RFC 6749, 7636).
 *
 * @param {import('./scene.mjs').Server} server
 * @param {Client} client
 * @param {import('./scene.mjs').User} user
 * @param {{ spoilVerifier?: boolean }} [options] to send another code verifier than was promised
 * @returns {Promise<Answer>} of the token endpoint
 */
export async function connect(server, client, user, { spoilVerifier = false } = {}) {
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(16).toString('base64url');
  const link = `${server.authorizationUrl}?${new URLSearchParams({
    response_type: 'code',
    client_id: client.id,
    redirect_uri: REDIRECT_URI,
    scope: server.scope,
    state,
    // Of OpenID Connect: some servers require one, and others ignore it.
    nonce: randomBytes(16).toString('base64url'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...server.authorizationParameters,
  })}`;
  const callback = new URL(await server.signIn(link, user)).searchParams;
  if (callback.get('state') !== state || !callback.get('code')) {
    throw new Error(`The authorization endpoint answered ${callback}`);
  }
  const issuer = callback.get('iss');
  if (issuer !== null && issuer !== server.issuer) throw new Error(`Another issuer: ${issuer}`);
  return ask(server.tokenUrl, client, {
    grant_type: 'authorization_code',
    code: callback.get('code'),
    redirect_uri: REDIRECT_URI,
    code_verifier: spoilVerifier ? randomBytes(32).toString('base64url') : verifier,
  });
}

/**
 * Posts a form as a client.
 *
 * @param {string} url
 * @param {Client} client
 * @param {Record<string, string>} fields
 * @returns {Promise<Answer>}
 */
export async function ask(url, client, fields) {
  const { id, secret, method } = client;
  const isBasic = method.startsWith('client_secret_basic');
  const encode = (text) => (method === 'client_secret_basic' ? encodeURIComponent(text) : text);
  const pair = Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64');
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: isBasic ? { authorization: `Basic ${pair}` } : {},
    body: new URLSearchParams(isBasic ? fields : { ...fields, ...credentials(client, url) }),
  });
  const text = await response.text();
  return { status: response.status, text, body: parsed(text) };
}

/** The fields by which a client authenticates in the body. @param {Client} client @param {string} audience */
function credentials({ id, secret, key }, audience) {
  if (!key) return { client_id: id, client_secret: secret };
  const now = Math.floor(Date.now() / 1_000);
  const claims = { iss: id, sub: id, aud: audience, iat: now, exp: now + 60 };
  const encode = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const jti = randomBytes(16).toString('hex');
  const text = `${encode({ alg: 'ES256' })}.${encode({ ...claims, jti })}`;
  const signer = { key: createPrivateKey({ key, format: 'jwk' }), dsaEncoding: 'ieee-p1363' };
  const signature = sign('sha256', Buffer.from(text), signer).toString('base64url');
  return {
    client_id: id,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: `${text}.${signature}`,
  };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
