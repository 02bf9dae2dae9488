#!/usr/bin/env bash
# @jmondi/oauth2-server 4.3.7 (npm), Node 20
#
# Expected: a refresh token that is revoked, or was used before, is refused with `invalid_grant`
#   (RFC 6749, section 5.2).
# Seen: 400 with `invalid_request`, "Token has been revoked". Other malformed requests get the same code,
#   so only `error_description` tells a dead grant from a fault in the client's own request.
# Why it matters: whoever stores refresh tokens takes `invalid_request` for a bug of its own, never asks
#   the user to connect again, and goes on asking the provider for ever.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts @jmondi/oauth2-server@4.3.7

cat > run.mjs <<'JS'
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { AuthorizationServer, DateInterval, JwtService } from '@jmondi/oauth2-server';
import {
  handleVanillaError,
  requestFromVanilla,
  responseToVanilla,
} from '@jmondi/oauth2-server/vanilla';

const client = {
  id: 'app',
  name: 'app',
  secret: 's3cret',
  redirectUris: [],
  allowedGrants: ['password', 'refresh_token'],
  scopes: [],
};
const user = { id: 'ann' };
const rows = [];
const tokens = {
  issueToken: async () => ({ accessToken: randomUUID(), client, user, scopes: [] }),
  persist: async (token) => void rows.push(token),
  issueRefreshToken: async (token) =>
    Object.assign(token, { refreshToken: randomUUID(), refreshTokenExpiresAt: new Date(Date.now() + 9e8) }),
  revoke: async (token) => void (token.revoked = true),
  isRefreshTokenRevoked: async (token) => token.revoked === true,
  getByRefreshToken: async (id) => rows.find(({ refreshToken }) => refreshToken === id),
};
const server = new AuthorizationServer(
  { getByIdentifier: async () => client, isClientValid: async (_, { secret }, given) => secret === given },
  tokens,
  { getAllByIdentifiers: async () => [], finalize: async (scopes) => scopes },
  new JwtService('a secret of this script, of 32 characters'),
);
const hour = new DateInterval('1h');
server.enableGrantType({ grant: 'password', userRepository: { getUserByCredentials: async () => user } }, hour);
server.enableGrantType('refresh_token', hour);

async function ask(parameters) {
  const body = new URLSearchParams({ client_id: 'app', client_secret: 's3cret', ...parameters });
  const request = new Request('http://127.0.0.1/token', { method: 'POST', body });
  const answer = await requestFromVanilla(request)
    .then((it) => server.respondToAccessTokenRequest(it))
    .catch(handleVanillaError);
  const response = responseToVanilla(answer);
  return { status: response.status, body: await response.json() };
}
const refresh = (refresh_token) => ask({ grant_type: 'refresh_token', refresh_token });

const granted = await ask({ grant_type: 'password', username: 'ann', password: 'any' });
const first = granted.body.refresh_token;
const rotated = await refresh(first);
assert.equal(rotated.status, 200);

const reused = await refresh(first);
console.log('used before:', JSON.stringify(reused));
await tokens.revoke(rows.at(-1));
const revoked = await refresh(rotated.body.refresh_token);
console.log('revoked:    ', JSON.stringify(revoked));
for (const { status, body } of [reused, revoked]) {
  assert.equal(status, 400);
  assert.equal(body.error, 'invalid_request');
  assert.equal(body.error_description, 'Token has been revoked');
}
const malformed = await ask({ grant_type: 'refresh_token' });
assert.deepEqual([malformed.status, malformed.body.error], [400, 'invalid_request']);
JS
node run.mjs
