#!/usr/bin/env bash
# better-auth 1.7.25 (npm), its generic OAuth plugin and memory adapter, Node 20
#
# Expected: a refresh answer without `expires_in`, which is only recommended (RFC 6749, section 5.1), leaves the
#   lifetime unknown: the new access token is used until it is refused, or for a while that is assumed.
# Seen: `getAccessToken` stores the new tokens and leaves the old expiry, which is in the past, beside them.
#   From then on each call refreshes, and returns a token that is said to have expired already.
# Why it matters: each call spends a refresh token where they rotate, and counts against the provider's limit;
#   two calls at once send the same one, and where reuse ends the grant the user has to consent again. Whoever
#   takes over such a row must not read the old expiry as that of the token beside it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts better-auth@1.7.25

cat > run.mjs <<'JS'
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { genericOAuth } from 'better-auth/plugins';

// A provider that rotates, and says no lifetime.
const sent = [];
const provider = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  sent.push(new URLSearchParams(body).get('refresh_token'));
  const tokens = { access_token: `access ${sent.length}`, refresh_token: `refresh ${sent.length}` };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ ...tokens, token_type: 'bearer' }));
}).listen(0, '127.0.0.1');
await once(provider, 'listening');
const origin = `http://127.0.0.1:${provider.address().port}`;

const now = new Date();
const ranOut = new Date(now.getTime() - 1_000);
const stamps = { createdAt: now, updatedAt: now };
const user = { id: 'ann', name: 'Ann', email: 'ann@app.example', emailVerified: true, ...stamps };
const row = {
  id: 'row',
  accountId: '7',
  providerId: 'acme',
  userId: 'ann',
  accessToken: 'access 0',
  refreshToken: 'refresh 0',
  accessTokenExpiresAt: ranOut,
  ...stamps,
};
const tables = { user: [user], account: [row], session: [], verification: [] };
const auth = betterAuth({
  baseURL: 'http://127.0.0.1',
  secret: 'a secret of this script, of 32 characters or more',
  telemetry: { enabled: false },
  database: memoryAdapter(tables),
  plugins: [
    genericOAuth({
      config: [
        {
          providerId: 'acme',
          clientId: 'app',
          clientSecret: 's3cret',
          authorizationUrl: `${origin}/authorize`,
          tokenUrl: `${origin}/token`,
          userInfoUrl: `${origin}/userinfo`,
        },
      ],
    }),
  ],
});

for (const call of [1, 2, 3]) {
  const got = await auth.api.getAccessToken({ body: { accountId: 'row', userId: 'ann' } });
  const ago = Date.now() - got.accessTokenExpiresAt.getTime();
  console.log(`call ${call}: ${got.accessToken}, expired ${ago} ms ago; sent so far: ${sent.join(', ')}`);
  assert.equal(got.accessToken, `access ${call}`);
  assert.equal(got.accessTokenExpiresAt.getTime(), ranOut.getTime());
}
provider.close();
assert.deepEqual(sent, ['refresh 0', 'refresh 1', 'refresh 2']);
assert.equal(tables.account[0].refreshToken, 'refresh 3');
assert.equal(tables.account[0].accessTokenExpiresAt.getTime(), ranOut.getTime());
JS
node run.mjs
