/** django-oauth-toolkit as it is recommended: an old refresh token ends the grant. */
import { runOn } from '../scenario.mjs';
import { startWith } from '../servers/django-oauth-toolkit/index.mjs';

export const name = 'django-oauth-toolkit-reuse-protection';

export const inShort = false;

export const run = runOn(
  { start: startWith({ REFRESH_TOKEN_REUSE_PROTECTION: true }) },
  {
    connect: 'code, PKCE',
    refresh: 'works, ends the old token',
    storm: '1 request',
    rotation: 'rotates',
    reuse: 'refused, newest dead',
    revocation: 'revoked',
    'dead grant': 'revoked',
    'wrong secret': 'client rejected, row works again',
    'special letters': 'post all, Basic all, raw none',
  },
);
