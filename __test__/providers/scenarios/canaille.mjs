/** canaille, which uses Authlib. */
import { runOn } from '../scenario.mjs';
import { start } from '../servers/canaille/index.mjs';

export const name = 'canaille';

export const inShort = false;

export const run = runOn(
  // Its revocation endpoint takes no other method.
  { start, method: 'client_secret_basic' },
  {
    connect: 'code, PKCE',
    refresh: 'works, ends the old token',
    storm: '1 request',
    rotation: 'rotates',
    reuse: 'refused, newest alive',
    revocation: 'revoked',
    'dead grant': 'revoked',
    'wrong secret': 'client rejected, row works again',
    // It decodes percent signs in the header, but no plus signs; tokenkeep sends none for a space.
    'special letters': 'post all, Basic all, raw none',
  },
);
