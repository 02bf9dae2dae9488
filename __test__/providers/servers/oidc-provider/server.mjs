/** oidc-provider with its own pages for sign-in and consent, which take any password. */
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';

import Provider from 'oidc-provider';

import { listen, obey } from './node.mjs';

const HOUR = 3_600;
let provider;

obey({
  start: async ({ clients, redirectUri }) => {
    const { origin, handle } = await listen();
    provider = new Provider(origin, configurationFor(clients, redirectUri));
    handle(provider.callback());
    return { origin };
  },
  endGrant: async (token) => {
    const { grantId } = await provider.RefreshToken.find(token);
    const grant = await provider.Grant.find(grantId);
    await grant.destroy();
  },
});

function configurationFor(clients, redirectUri) {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  return {
    clients: clients.map(({ id, secret, method, key: own }) => ({
      client_id: id,
      ...(own ? { jwks: { keys: [publicOf(own)] } } : { client_secret: secret }),
      // Not a method of its own: the same header, without the encoding.
      token_endpoint_auth_method: method.replace('_raw', ''),
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      id_token_signed_response_alg: 'ES256',
    })),
    jwks: { keys: [{ ...key.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    features: {
      revocation: {
        enabled: true,
        allowedPolicy: (_context, { clientId }, token) => token.clientId === clientId,
      },
    },
    findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    // By default it rotates a confidential client's refresh token only when most of its life is over.
    rotateRefreshToken: true,
    ttl: {
      AccessToken: HOUR,
      AuthorizationCode: 60,
      Grant: HOUR,
      IdToken: HOUR,
      Interaction: HOUR,
      RefreshToken: HOUR,
      Session: HOUR,
    },
  };
}

/** The public half of a JWK. */
function publicOf(jwk) {
  return createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'jwk' });
}
