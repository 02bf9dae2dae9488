/** better-auth with @better-auth/oauth-provider. */
import { runOn } from '../scenario.mjs';
import { start } from '../servers/better-auth/index.mjs';

export const name = 'better-auth';

export const inShort = false;

export const run = runOn(
  { start },
  {
    connect: 'code, PKCE',
    refresh: 'works',
    storm: '1 request',
    rotation: 'rotates',
    // It ends all grants of the user to this client.
    reuse: 'refused, newest dead',
    revocation: 'revoked',
    'dead grant': 'revoked',
    'wrong secret': 'client rejected, row works again',
    'special letters': 'post all, Basic all, raw none',
  },
);
