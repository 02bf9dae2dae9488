#!/usr/bin/env bash
# @auth/core 0.41.3 (npm; what next-auth 5.0.0-beta.32 runs on), Node 20
#
# Expected: a user whose stored refresh token is dead signs in again, consents, and the tokens that the provider
#   has just issued are stored: that is what the consent was for.
# Seen: tokens are written when an account is linked, the first time, and never again. At a later sign-in the
#   new tokens are handed to callbacks and then dropped; the `account` row keeps the dead refresh token.
# Why it matters: whoever reads refresh tokens from `accounts` sends the user to sign in again, for nothing, as
#   often as they like. A store beside Auth.js has to take the tokens in the `signIn` callback or event itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts @auth/core@0.41.3

cat > run.mjs <<'JS'
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Auth, skipCSRFCheck } from '@auth/core';

// A provider that issues new tokens for each code.
let grants = 0;
const provider = createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  if (request.url === '/userinfo') return response.end('{ "id": "7", "email": "ann@app.example" }');
  grants += 1;
  const tokens = { access_token: `access ${grants}`, refresh_token: `refresh ${grants}` };
  return response.end(JSON.stringify({ ...tokens, token_type: 'bearer', expires_in: 3600 }));
}).listen(0, '127.0.0.1');
await once(provider, 'listening');
const origin = `http://127.0.0.1:${provider.address().port}`;

// The adapter of the reference, in memory.
const users = [];
const accounts = [];
const sessions = [];
const userOf = (id) => users.find((user) => user.id === id) ?? null;
const adapter = {
  createUser: async (user) => (users.push(user), user),
  getUser: async (id) => userOf(id),
  getUserByEmail: async (email) => users.find((user) => user.email === email) ?? null,
  getUserByAccount: async (of) =>
    userOf(accounts.find((it) => it.providerAccountId === of.providerAccountId)?.userId),
  updateUser: async (user) => Object.assign(userOf(user.id), user),
  linkAccount: async (account) => void accounts.push(account),
  createSession: async (session) => (sessions.push(session), session),
  getSessionAndUser: async () => null,
  updateSession: async () => null,
  deleteSession: async () => {},
};

const handed = [];
const config = {
  adapter,
  basePath: '/auth',
  secret: 'a secret of this script',
  trustHost: true,
  skipCSRFCheck,
  providers: [
    {
      id: 'acme',
      name: 'Acme',
      type: 'oauth',
      clientId: 'app',
      clientSecret: 's3cret',
      authorization: `${origin}/authorize`,
      token: `${origin}/token`,
      userinfo: `${origin}/userinfo`,
    },
  ],
  callbacks: { signIn: ({ account }) => (handed.push(account.refresh_token), true) },
};

/** From the button to the way back from the consent screen. */
async function signIn() {
  const begun = await Auth(
    new Request('http://127.0.0.1/auth/signin/acme', { method: 'POST', body: new URLSearchParams() }),
    config,
  );
  assert.equal(new URL(begun.headers.get('location')).pathname, '/authorize');
  const cookie = begun.headers.getSetCookie().map((it) => it.split(';')[0]).join('; ');
  const back = new Request('http://127.0.0.1/auth/callback/acme?code=any', { headers: { cookie } });
  await Auth(back, config);
}

await signIn();
await signIn();
provider.close();
const stored = accounts.map(({ refresh_token }) => refresh_token);
console.log(`issued: refresh 1, refresh 2; handed to signIn: ${handed.join(', ')}; stored: ${stored}`);
assert.deepEqual(handed, ['refresh 1', 'refresh 2']);
assert.deepEqual(stored, ['refresh 1']);
assert.equal(sessions.length, 2);
JS
node run.mjs
