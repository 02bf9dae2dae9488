/** Another authorization server: `@node-oauth/oauth2-server`, which knows PKCE and rotation. */
import OAuth2Server from '@node-oauth/oauth2-server';
import { once } from 'node:events';
import { createServer } from 'node:http';

const { Request, Response } = OAuth2Server;

/** @param {string} redirectUri */
export async function startSecondServer(redirectUri) {
  const client = {
    id: 'second-client',
    secret: 'second-secret',
    redirectUris: [redirectUri],
    grants: ['authorization_code', 'refresh_token'],
  };
  const [codes, tokens] = [new Map(), new Map()];
  const oauth = new OAuth2Server({
    model: {
      getClient: (id, secret) =>
        id === client.id && (secret === null || secret === client.secret) && client,
      saveAuthorizationCode: (code, ofClient, user) => {
        const kept = { ...code, client: ofClient, user };
        codes.set(code.authorizationCode, kept);
        return kept;
      },
      getAuthorizationCode: (code) => codes.get(code),
      revokeAuthorizationCode: ({ authorizationCode }) => codes.delete(authorizationCode),
      saveToken: (token, ofClient, user) => {
        const kept = { ...token, client: ofClient, user };
        tokens.set(token.refreshToken, kept);
        return kept;
      },
      getRefreshToken: (token) => tokens.get(token),
      revokeToken: ({ refreshToken }) => tokens.delete(refreshToken),
      validateScope: (_user, _client, scope) => scope,
    },
    accessTokenLifetime: 3600,
    authenticateHandler: { handle: () => ({ id: 'ann' }) },
  });
  const routes = {
    '/authorize': (request, response) => oauth.authorize(request, response),
    '/token': (request, response) => oauth.token(request, response),
    '/revoke': (request, response) => {
      tokens.delete(request.body.token);
      response.status = 200;
    },
  };
  const server = createServer(async (incoming, outgoing) => {
    const url = new URL(incoming.url, 'http://localhost');
    let form = '';
    for await (const chunk of incoming.setEncoding('utf8')) form += chunk;
    const { method, headers } = incoming;
    const query = Object.fromEntries(url.searchParams);
    const body = Object.fromEntries(new URLSearchParams(form));
    const response = new Response({ headers: {} });
    try {
      await routes[url.pathname](new Request({ method, headers, query, body }), response);
    } catch {
      // What it refuses is in the response.
    }
    const text = response.body && JSON.stringify(response.body);
    outgoing.writeHead(response.status, response.headers).end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    clientId: client.id,
    clientSecret: client.secret,
    authorizationUrl: `${origin}/authorize`,
    tokenUrl: `${origin}/token`,
    revocationUrl: `${origin}/revoke`,
    /** @param {string} token */
    isAlive: (token) => tokens.has(token),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
