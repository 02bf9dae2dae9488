/** Glewlwyd as it is installed: a refresh token may be used again. */
import { runOn } from '../scenario.mjs';
import { startWith } from '../servers/glewlwyd/index.mjs';

export const name = 'glewlwyd-reusable';

export const inShort = false;

export const run = runOn(
  {
    start: startWith({ 'refresh-token-one-use': 'never' }),
    method: 'client_secret_basic',
    errors: [{ status: 400, emptyBody: true, meaning: 'grant_dead' }],
  },
  {
    connect: 'code, PKCE',
    refresh: 'works',
    storm: '1 request',
    rotation: 'keeps',
    reuse: 'no rotation',
    revocation: 'revoked, access token lives on',
    'dead grant': 'refused; revoked by a rule',
    // That is the price of this rule; `revive` restores the row.
    'wrong secret': 'taken for dead, row works again',
    'special letters': 'post all, Basic none, raw all',
  },
);
