import crypto from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';

import { connect, post } from './google/flow.mjs';
import { agree, ask } from './google/interaction.mjs';
import { memoryAdapter, quietly } from './google/oidc.mjs';

/** @typedef {Awaited<ReturnType<typeof startGoogle>>} Google */

/** Nothing listens there: the flow ends with the redirect to it. */
const NOWHERE = 'http://127.0.0.1:1/callback';

const hour = 3600;
const scope = [
  'openid',
  'https://www.googleapis.com/auth/gmail.readonly',
  'https://www.googleapis.com/auth/calendar.events',
].join(' ');

/**
 * A real OAuth server on loopback instead of Google: codes with PKCE, rotating refresh tokens, and reuse
 * detection that revokes the whole grant.
 *
 * @param {object} [options]
 * @param {boolean} [options.rotate] false keeps refresh tokens, as Google itself does
 * @param {string} [options.redirectUri] where the application listens; by default nothing does
 * @param {boolean} [options.pages] whether the user signs in and consents on pages; otherwise automatically
 * @param {import('node:crypto').JsonWebKey & { kid?: string, alg?: string }} [options.clientKey] with which the
 *   client authenticates; otherwise it has a secret
 */
export async function startGoogle({
  rotate = true,
  redirectUri = NOWHERE,
  pages = false,
  clientKey,
} = {}) {
  const { default: Provider } = await quietly(() => import('oidc-provider'));
  const server = http.createServer();
  // The server must not close a reused connection during a request, which would be counted twice.
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const issuer = `http://127.0.0.1:${server.address().port}`;
  const client = {
    clientId: 'tokenkeep.apps.example',
    clientSecret: crypto.randomBytes(24).toString('base64url'),
    redirectUri,
  };
  const provider = new Provider(issuer, configuration(client, rotate, clientKey));
  provider.on('server_error', (_context, error) => console.error(error));

  const user = { accountId: 'user-1', agrees: true };
  /** When requests to exchange a refresh token arrived, by `performance.now()`. @type {number[]} */
  let refreshes = [];
  provider.use(async (context, next) => {
    const arrived = performance.now();
    try {
      await next();
    } finally {
      // For every response. The body is known only after the provider has read it.
      if (context.oidc?.body?.grant_type === 'refresh_token') refreshes.push(arrived);
    }
  });
  const answer = provider.callback();
  server.on('request', (request, response) => {
    const isInteraction = request.url.startsWith('/interaction/');
    if (!isInteraction) return answer(request, response);
    const interact = pages ? ask : agree;
    interact(provider, user, request, response).catch((error) => {
      response.writeHead(500).end(`${error}`);
    });
  });

  return {
    issuer,
    authorizationUrl: `${issuer}/auth`,
    tokenUrl: `${issuer}/token`,
    revocationUrl: `${issuer}/token/revocation`,
    ...client,
    /** The user who signs in by default, and whether they consent. */
    user,
    /** Signs in, consents and exchanges the code. */
    connect: (accountId = 'user-1') => connect(issuer, client, scope, accountId),
    /** @param {string} refreshToken */
    revoke: (refreshToken) => post(`${issuer}/token/revocation`, client, { token: refreshToken }),
    /** Whether a refresh token is valid. @param {string} refreshToken */
    isAlive: async (refreshToken) => Boolean(await provider.RefreshToken.find(refreshToken)),
    /** The number of refresh requests, whatever their response. */
    tokenRequests: () => refreshes.length,
    /** When they arrived, by `performance.now()` of this process, in the order of their responses. */
    tokenRequestTimes: () => refreshes,
    resetCount: () => void (refreshes = []),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function configuration({ clientId, clientSecret, redirectUri }, rotate, clientKey) {
  const key = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  return {
    adapter: memoryAdapter(),
    clients: [
      {
        client_id: clientId,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        ...(clientKey
          ? { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [publicOf(clientKey)] } }
          : { token_endpoint_auth_method: 'client_secret_post', client_secret: clientSecret }),
        id_token_signed_response_alg: 'ES256',
      },
    ],
    scopes: scope.split(' '),
    jwks: { keys: [{ ...key.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
    cookies: { keys: [crypto.randomBytes(16).toString('hex')] },
    features: {
      devInteractions: { enabled: false },
      revocation: {
        enabled: true,
        allowedPolicy: (_context, { clientId: asking }, token) => token.clientId === asking,
      },
    },
    findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    pkce: { required: () => true },
    issueRefreshToken: async () => true,
    rotateRefreshToken: rotate,
    ttl: {
      AccessToken: hour,
      AuthorizationCode: 60,
      Grant: 24 * hour,
      IdToken: hour,
      Interaction: 60,
      RefreshToken: 24 * hour,
      Session: 60,
    },
  };
}

/** The public half of a JWK. */
function publicOf({ kid, alg, ...jwk }) {
  const key = crypto.createPublicKey({ key: jwk, format: 'jwk' });
  return { ...key.export({ format: 'jwk' }), kid, alg };
}
