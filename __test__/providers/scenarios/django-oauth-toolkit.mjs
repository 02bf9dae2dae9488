/** django-oauth-toolkit with its defaults. */
import { runOn } from '../scenario.mjs';
import { startWith } from '../servers/django-oauth-toolkit/index.mjs';

export const name = 'django-oauth-toolkit';

export const inShort = false;

export const run = runOn(
  { start: startWith() },
  {
    connect: 'code, PKCE',
    refresh: 'works, ends the old token',
    storm: '1 request',
    rotation: 'rotates',
    reuse: 'refused, newest alive',
    revocation: 'revoked',
    'dead grant': 'revoked',
    'wrong secret': 'client rejected, row works again',
    'special letters': 'post all, Basic all, raw none',
  },
);
