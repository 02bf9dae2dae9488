#!/usr/bin/env bash
# @modelcontextprotocol/sdk 1.32.2 and @modelcontextprotocol/client 2.4.0 (npm), Node 20
#
# Expected: two requests of one connection that meet 401 at the same time share one refresh; at least what
#   one of them has stored stays stored.
# Seen: `auth()`, which the transports call on 401, sends the same refresh token twice. At a server that
#   rotates, the second is refused with `invalid_grant`, and its `invalidateCredentials('tokens')` deletes
#   the tokens that the first has just saved. Both majors do.
# Why it matters: the server has a live grant, the application has nothing, and the user has to consent
#   again; where reuse ends the grant the winner's tokens are dead as well. A store behind this interface
#   must know which token was refused before it deletes.
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
let sent;
let saved;
const server = createServer(async (request, response) => {
  const say = (status, body) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (request.url === '/token') {
    let body = '';
    for await (const chunk of request) body += chunk;
    sent.push(new URLSearchParams(body).get('refresh_token'));
    if (sent.length === 1) {
      return say(200, { access_token: 'new', refresh_token: 'second', token_type: 'Bearer', expires_in: 60 });
    }
    // The answer to the second comes when the first has saved its tokens.
    await saved.promise;
    return say(400, { error: 'invalid_grant' });
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
  sent = [];
  saved = {};
  saved.promise = new Promise((resolve) => (saved.resolve = resolve));
  const issuer = origin;
  let stored = { access_token: 'old', refresh_token: 'first', token_type: 'Bearer', issuer };
  const log = [];
  const provider = {
    redirectUrl: 'http://127.0.0.1/callback',
    clientMetadata: { redirect_uris: ['http://127.0.0.1/callback'] },
    clientInformation: () => ({ client_id: 'app', issuer }),
    tokens: () => stored,
    saveTokens: (tokens) => {
      stored = tokens;
      log.push(`saved ${tokens.refresh_token}`);
      saved.resolve();
    },
    invalidateCredentials: (what) => {
      log.push(`invalidated ${what}`);
      stored = undefined;
    },
    saveCodeVerifier: () => {},
    codeVerifier: () => '',
    redirectToAuthorization: () => {},
  };
  const call = () => auth(provider, { serverUrl: `${origin}/mcp` });
  const results = await Promise.all([call(), call()]);
  console.log(`${name}: sent ${sent}; ${log.join(', ')}; ${results.sort()}; stored now: ${stored}`);
  assert.deepEqual(sent, ['first', 'first']);
  assert.deepEqual(log, ['saved second', 'invalidated tokens']);
  assert.deepEqual(results, ['AUTHORIZED', 'REDIRECT']);
  assert.equal(stored, undefined);
}
server.close();
JS
node run.mjs
