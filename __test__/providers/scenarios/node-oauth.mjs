/** @node-oauth/oauth2-server, a library. */
import { runOn } from '../scenario.mjs';
import { start } from '../servers/node-oauth/index.mjs';

export const name = 'node-oauth';

export const run = runOn(
  { start },
  {
    connect: 'code, PKCE',
    refresh: 'works',
    storm: '1 request',
    rotation: 'rotates',
    reuse: 'refused, newest alive',
    revocation: 'no endpoint',
    'dead grant': 'revoked',
    'wrong secret': 'client rejected, row works again',
    // It refuses letters beyond ASCII with `invalid_request`, and does not decode the header.
    'special letters': 'post ASCII, Basic none, raw ASCII',
  },
);
