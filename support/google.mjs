import crypto from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';

import { connect, post } from './google/flow.mjs';
import { memoryAdapter, quietly } from './google/oidc.mjs';

/** @typedef {Awaited<ReturnType<typeof startGoogle>>} Google */

const hour = 3600;
const scope = 'openid https://www.googleapis.com/auth/gmail.readonly';

/**
 * A real OAuth server on loopback in Google's place: codes with PKCE, refresh tokens that rotate,
 * and a whole grant that ends when a spent refresh token comes back.
 *
 * @param {{ rotate?: boolean }} [options] rotate: false keeps refresh tokens, as Google itself does
 */
export async function startGoogle({ rotate = true } = {}) {
  const { default: Provider } = await quietly(() => import('oidc-provider'));
  const server = http.createServer();
  // A reused connection must not end under a request: that would be counted twice.
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const issuer = `http://127.0.0.1:${server.address().port}`;
  const client = {
    clientId: 'tokenkeep.apps.example',
    clientSecret: crypto.randomBytes(24).toString('base64url'),
    // Nothing listens there: the flow ends when the browser is sent to it.
    redirectUri: 'http://127.0.0.1:1/callback',
  };
  const provider = new Provider(issuer, configuration(client, rotate));
  provider.on('server_error', (_context, error) => console.error(error));

  let refreshes = 0;
  provider.use(async (context, next) => {
    try {
      await next();
    } finally {
      // Whatever the answer was. The body is known only after the provider has read it.
      if (context.oidc?.body?.grant_type === 'refresh_token') refreshes++;
    }
  });
  const answer = provider.callback();
  server.on('request', (request, response) => {
    const isInteraction = request.url.startsWith('/interaction/');
    if (!isInteraction) return answer(request, response);
    agree(provider, request, response).catch((error) => response.writeHead(500).end(`${error}`));
  });

  return {
    issuer,
    tokenUrl: `${issuer}/token`,
    ...client,
    /** Signs in, agrees and exchanges the code. */
    connect: (accountId = 'user-1') => connect(issuer, client, scope, accountId),
    /** @param {string} refreshToken */
    revoke: (refreshToken) => post(`${issuer}/token/revocation`, client, { token: refreshToken }),
    /** How many requests to exchange a refresh token have arrived, whatever was answered. */
    tokenRequests: () => refreshes,
    resetCount: () => void (refreshes = 0),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function configuration({ clientId, clientSecret, redirectUri }, rotate) {
  const key = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  return {
    adapter: memoryAdapter(),
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_post',
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

/** The user: signs in as whoever the link names, and agrees to all that it asks for. */
async function agree(provider, request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  const finish = (result) =>
    provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  if (prompt.name === 'login') return finish({ login: { accountId: params.login_hint } });

  const { Grant } = provider;
  const grant = grantId
    ? await Grant.find(grantId)
    : new Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  return finish({ consent: { grantId: await grant.save() } });
}
