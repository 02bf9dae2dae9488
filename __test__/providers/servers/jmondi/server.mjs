/**
 * @jmondi/oauth2-server, which is a library: storage and routes are ours, as its documentation shows
 * them. It has no pages; who signs in is named by `login_hint`.
 */
import { randomBytes, randomUUID } from 'node:crypto';

import { AuthorizationServer, DateInterval, JwtService } from '@jmondi/oauth2-server';
import {
  handleVanillaError,
  requestFromVanilla,
  responseToVanilla,
} from '@jmondi/oauth2-server/vanilla';

import { formOf, listen, obey, routes } from './node.mjs';

const LIFETIME_MS = 3_600_000;
const GRANTS = ['authorization_code', 'refresh_token', 'client_credentials'];

const clients = new Map();
const codes = new Map();
const tokens = [];

const found = (value) => value ?? Promise.reject(new Error('There is no such row'));

const clientRepository = {
  getByIdentifier: async (id) => found(clients.get(id)),
  isClientValid: async (_grant, { secret }, given) => secret === given,
};
const tokenRepository = {
  issueToken: async (client, scopes, user) => ({
    accessToken: randomUUID(),
    accessTokenExpiresAt: new Date(Date.now() + LIFETIME_MS),
    client,
    scopes,
    user,
  }),
  persist: async (token) => {
    if (!tokens.includes(token)) tokens.push(token);
  },
  issueRefreshToken: async (token) =>
    Object.assign(token, {
      refreshToken: randomUUID(),
      refreshTokenExpiresAt: new Date(Date.now() + LIFETIME_MS),
    }),
  revoke: async (token) => {
    token.revoked = true;
    token.accessTokenExpiresAt = new Date(0);
  },
  isRefreshTokenRevoked: async ({ revoked }) => revoked === true,
  getByRefreshToken: async (id) => found(tokens.find(({ refreshToken }) => refreshToken === id)),
  getByAccessToken: async (id) => found(tokens.find(({ accessToken }) => accessToken === id)),
};
const scopeRepository = {
  getAllByIdentifiers: async (names) => names.map((name) => ({ name })),
  finalize: async (scopes) => scopes,
};
const authCodeRepository = {
  issueAuthCode: (client, user, scopes) => ({ code: randomUUID(), client, user, scopes }),
  persist: async (code) => void codes.set(code.code, code),
  getByIdentifier: async (code) => found(codes.get(code)),
  isRevoked: async (code) => codes.get(code)?.revoked === true,
  revoke: async (code) => void (codes.get(code).revoked = true),
};
const userRepository = { getUserByCredentials: async (id) => ({ id }) };

const server = new AuthorizationServer(
  clientRepository,
  tokenRepository,
  scopeRepository,
  new JwtService(randomBytes(32).toString('hex')),
);
const hour = new DateInterval('1h');
server.enableGrantTypes(
  [{ grant: 'authorization_code', userRepository, authCodeRepository }, hour],
  ['refresh_token', hour],
);

obey({
  start: async ({ clients: given, redirectUri }) => {
    for (const { id, secret } of given) {
      const redirectUris = [redirectUri];
      clients.set(id, { id, name: id, secret, redirectUris, allowedGrants: GRANTS, scopes: [] });
    }
    const { origin, handle } = await listen();
    handle(
      routes({
        '/authorize': route(async (request) => {
          const authorization = await server.validateAuthorizationRequest(request);
          authorization.user = { id: request.query.login_hint };
          authorization.isAuthorizationApproved = true;
          return server.completeAuthorizationRequest(authorization);
        }),
        '/token': route((request) => server.respondToAccessTokenRequest(request)),
        '/revoke': route((request) => server.revoke(request)),
        '/introspect': route((request) => server.introspect(request)),
      }),
    );
    return { origin };
  },
  endGrant: async (name) => {
    for (const token of tokens) if (token.user?.id === name) await tokenRepository.revoke(token);
  },
});

/** Node's request as the library takes it, and its answer. */
function route(answer) {
  return async (incoming, outgoing) => {
    const { method, headers, url } = incoming;
    const form = await formOf(incoming);
    const request = new Request(new URL(url, 'http://127.0.0.1'), {
      method,
      headers: headers.authorization ? { authorization: headers.authorization } : {},
      ...(method === 'POST' && { body: new URLSearchParams(form) }),
    });
    const response = await requestFromVanilla(request)
      .then(answer)
      .catch(handleVanillaError)
      .then(responseToVanilla);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(await response.text());
  };
}
