#!/usr/bin/env bash
# @node-oauth/oauth2-server 5.3.0 (npm), Node 20
#
# Expected: a token endpoint that answers 5xx has changed nothing, so the same refresh token may be sent
#   again; and a 200 without `refresh_token` means that the old one stays (RFC 6749, section 6).
# Seen: the server revokes the refresh token before it saves the new tokens. When its storage fails in
#   between, the client gets 503 `server_error`, and its retry 400 `invalid_grant`. When the storage keeps
#   no refresh token, the client gets 200 without one, and the old one is dead all the same.
# Why it matters: whoever stores refresh tokens takes a retry after 5xx for harmless, and a missing
#   `refresh_token` for "keep yours". Here the grant is gone in both cases, and the user has to consent again.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts @node-oauth/oauth2-server@5.3.0

cat > run.mjs <<'JS'
import assert from 'node:assert/strict';
import OAuth2Server from '@node-oauth/oauth2-server';

const client = { id: 'app', grants: ['refresh_token'] };
const user = { id: 'ann' };
const alive = new Map();
let save;
const model = {
  getClient: async (id, secret) => id === 'app' && secret === 's3cret' && client,
  getRefreshToken: async (token) => alive.get(token),
  revokeToken: async ({ refreshToken }) => alive.delete(refreshToken),
  saveToken: async (token) => save(token),
  verifyScope: async () => true,
};
const server = new OAuth2Server({ model });

async function refresh(token) {
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token });
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(`${body}`.length),
    authorization: `Basic ${Buffer.from('app:s3cret').toString('base64')}`,
  };
  const request = { method: 'POST', query: {}, headers, body: Object.fromEntries(body) };
  const response = new OAuth2Server.Response();
  await server.token(new OAuth2Server.Request(request), response).catch(() => {});
  const { error, refresh_token } = response.body;
  console.log(`${token}: ${response.status} ${JSON.stringify({ error, refresh_token })}`);
  return { status: response.status, error, refresh_token };
}

const issue = (refreshToken) => alive.set(refreshToken, { refreshToken, client, user });
const stores = async (token) => ({ ...token, client, user });

issue('first');
save = async () => { throw new Error('the database is away'); };
assert.deepEqual(await refresh('first'), { status: 503, error: 'server_error', refresh_token: undefined });
save = stores;
assert.deepEqual(await refresh('first'), { status: 400, error: 'invalid_grant', refresh_token: undefined });

issue('second');
save = async ({ refreshToken, ...token }) => stores(token);
assert.deepEqual(await refresh('second'), { status: 200, error: undefined, refresh_token: undefined });
assert.deepEqual(await refresh('second'), { status: 400, error: 'invalid_grant', refresh_token: undefined });
JS
node run.mjs
