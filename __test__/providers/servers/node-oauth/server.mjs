/**
 * @node-oauth/oauth2-server, which is a library: storage and routes are ours, as its documentation shows
 * them. It has no pages; who signs in is named by `login_hint`.
 */
import OAuth2Server from '@node-oauth/oauth2-server';

import { formOf, listen, obey, routes } from './node.mjs';

const { Request, Response } = OAuth2Server;
const GRANTS = ['authorization_code', 'refresh_token'];

const clients = new Map();
const codes = new Map();
/** Tokens by their access token, and by their refresh token. */
const byAccess = new Map();
const byRefresh = new Map();

const model = {
  // Without a secret at the authorization endpoint.
  getClient: async (id, secret) => {
    const client = clients.get(id);
    return client && (secret === null || client.secret === secret) ? client : false;
  },
  saveAuthorizationCode: async (code, client, user) => {
    const saved = { ...code, client, user };
    codes.set(code.authorizationCode, saved);
    return saved;
  },
  getAuthorizationCode: async (code) => codes.get(code),
  revokeAuthorizationCode: async ({ authorizationCode }) => codes.delete(authorizationCode),
  saveToken: async (token, client, user) => {
    const saved = { ...token, client, user };
    byAccess.set(token.accessToken, saved);
    byRefresh.set(token.refreshToken, saved);
    return saved;
  },
  getAccessToken: async (token) => byAccess.get(token),
  getRefreshToken: async (token) => byRefresh.get(token),
  revokeToken: async ({ refreshToken }) => byRefresh.delete(refreshToken),
  verifyScope: async () => true,
};
const server = new OAuth2Server({ model, accessTokenLifetime: 3_600 });

obey({
  start: async ({ clients: given, redirectUri }) => {
    for (const { id, secret } of given) {
      clients.set(id, { id, secret, grants: GRANTS, redirectUris: [redirectUri] });
    }
    const { origin, handle } = await listen();
    handle(
      routes({
        '/authorize': route((request, response) =>
          server.authorize(request, response, {
            authenticateHandler: { handle: ({ query }) => ({ name: query.login_hint }) },
          }),
        ),
        '/token': route((request, response) => server.token(request, response)),
        '/resource': route((request, response) => server.authenticate(request, response)),
      }),
    );
    return { origin };
  },
  endGrant: (name) => {
    for (const [token, { user }] of byRefresh) if (user.name === name) byRefresh.delete(token);
  },
});

/** Node's request as the library takes it, and its answer. */
function route(answer) {
  return async (incoming, outgoing) => {
    const { method, headers, url } = incoming;
    const query = Object.fromEntries(new URL(url, 'http://127.0.0.1').searchParams);
    const body = await formOf(incoming);
    const request = new Request({ method, headers, query, body });
    const response = new Response();
    // It has written its errors into the response, but those of a resource.
    await answer(request, response).catch(({ code = 500 }) => {
      if (response.status === 200) response.status = code;
    });
    outgoing.writeHead(response.status, {
      'content-type': 'application/json',
      ...response.headers,
    });
    outgoing.end(JSON.stringify(response.body));
  };
}
