/** Glewlwyd with refresh tokens for one use. */
import { runOn } from '../scenario.mjs';
import { startWith } from '../servers/glewlwyd/index.mjs';

export const name = 'glewlwyd';

export const inShort = false;

export const run = runOn(
  {
    start: startWith({ 'refresh-token-one-use': 'always' }),
    // Its revocation endpoint takes no other method.
    method: 'client_secret_basic',
    // It answers a dead token, and a wrong secret as well, with 400 and nothing else.
    errors: [{ status: 400, emptyBody: true, meaning: 'grant_dead' }],
  },
  {
    connect: 'code, PKCE',
    refresh: 'works',
    storm: '1 request',
    rotation: 'rotates',
    reuse: 'refused, newest dead',
    revocation: 'revoked, access token lives on',
    'dead grant': 'refused; revoked by a rule',
    // That is the price of this rule. It spends the token before it looks at the secret.
    'wrong secret': 'taken for dead, refresh token spent',
    // It does not decode the header.
    'special letters': 'post all, Basic none, raw all',
  },
);
