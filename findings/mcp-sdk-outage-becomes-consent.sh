#!/usr/bin/env bash
# @modelcontextprotocol/sdk 1.32.2 and @modelcontextprotocol/client 2.4.0 (npm), Node 20
#
# Expected: while the token endpoint answers 503, a refresh fails with an error that can be tried again.
# Seen: when a proxy answers the 503, in a page of its own, `auth()`, which the transports call on 401, makes a
#   new authorization request and sends the user to the consent screen; so it does when nobody answers. Only a
#   503 with the JSON `temporarily_unavailable` is thrown. Both majors do.
# Why it matters: an outage of minutes asks every connected user for consent; an application that takes
#   the redirect for "not connected any more" drops refresh tokens that are good.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts \
  @modelcontextprotocol/sdk@1.32.2 @modelcontextprotocol/client@2.4.0

cat > run.mjs <<'JS'
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { auth as auth1 } from '@modelcontextprotocol/sdk/client/auth.js';
import { auth as auth2 } from '@modelcontextprotocol/client';

let origin;
let refreshes = 0;
let outage;
const server = createServer((request, response) => {
  const say = (status, body) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (request.url === '/token') {
    refreshes += 1;
    if (outage === 'reset') return request.socket.destroy();
    if (outage === 'JSON') return say(503, { error: 'temporarily_unavailable' });
    return response.writeHead(503, { 'content-type': 'text/html' }).end('<h1>Service Unavailable</h1>');
  }
  if (request.url.startsWith('/.well-known/oauth-protected-resource')) {
    return say(200, { resource: `${origin}/mcp`, authorization_servers: [origin] });
  }
  if (request.url.startsWith('/.well-known/oauth-authorization-server')) {
    return say(200, {
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      code_challenge_methods_supported: ['S256'],
    });
  }
  return say(404, {});
}).listen(0, '127.0.0.1');
await once(server, 'listening');
origin = `http://127.0.0.1:${server.address().port}`;

for (const [name, auth] of [['1.32.2', auth1], ['2.4.0', auth2]]) {
  const issuer = origin;
  const redirects = [];
  const provider = {
    redirectUrl: 'http://127.0.0.1/callback',
    clientMetadata: { redirect_uris: ['http://127.0.0.1/callback'] },
    clientInformation: () => ({ client_id: 'app', issuer }),
    tokens: () => ({ access_token: 'old', refresh_token: 'good', token_type: 'Bearer', issuer }),
    saveTokens: () => assert.fail('there is nothing to save'),
    saveCodeVerifier: () => {},
    codeVerifier: () => '',
    redirectToAuthorization: (url) => void redirects.push(url.pathname),
  };
  for (outage of ['page', 'reset', 'JSON']) {
    refreshes = 0;
    redirects.length = 0;
    const result = await auth(provider, { serverUrl: `${origin}/mcp` }).catch(() => 'an error');
    console.log(`${name}, ${outage}: ${refreshes} refresh, result ${result}, redirects: ${redirects}`);
    assert.equal(result, outage === 'JSON' ? 'an error' : 'REDIRECT');
    assert.deepEqual(redirects, outage === 'JSON' ? [] : ['/authorize']);
    assert.equal(refreshes, 1);
  }
}
server.close();
JS
node run.mjs
