/** oidc-provider, with rotation for confidential clients. */
import { runOn } from '../scenario.mjs';
import { start } from '../servers/oidc-provider/index.mjs';

export const name = 'oidc-provider';

export const run = runOn(
  { start },
  {
    connect: 'code, PKCE',
    refresh: 'works',
    storm: '1 request',
    rotation: 'rotates',
    // It ends the whole grant (RFC 9700, section 4.14.2).
    reuse: 'refused, newest dead',
    revocation: 'revoked',
    'dead grant': 'revoked',
    'wrong secret': 'client rejected, row works again',
    // It decodes the header as RFC 6749, section 2.3.1, says, and registers no client with letters beyond ASCII.
    'special letters': 'post ASCII, Basic ASCII, raw none',
  },
);
