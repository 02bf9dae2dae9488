/** oidc-provider, with a client that authenticates with a private key (RFC 7523). */
import { runOn } from '../scenario.mjs';
import { start } from '../servers/oidc-provider/index.mjs';

export const name = 'oidc-provider-private-key';

export const inShort = false;

export const run = runOn(
  { start, method: 'private_key_jwt' },
  {
    connect: 'code, PKCE',
    refresh: 'works',
    storm: '1 request',
    rotation: 'rotates',
    reuse: 'refused, newest dead',
    revocation: 'revoked',
    'dead grant': 'revoked',
    'wrong secret': 'client rejected, row works again',
    'special letters': 'post ASCII, Basic ASCII, raw none',
  },
);
