/** @jmondi/oauth2-server, a library. */
import { runOn } from '../scenario.mjs';
import { start } from '../servers/jmondi/index.mjs';

export const name = 'jmondi';

// For a token that is revoked or was used before it answers `invalid_request`, as for a fault of the client's own
// request; only the description tells them apart.
const errors = [
  {
    error: 'invalid_request',
    description: 'Token has been revoked',
    meaning: /** @type {const} */ ('grant_dead'),
  },
];

export const run = runOn(
  { start, errors },
  {
    connect: 'code, PKCE',
    refresh: 'works, ends the old token',
    storm: '1 request',
    rotation: 'rotates',
    reuse: 'refused, newest alive',
    revocation: 'revoked',
    'dead grant': 'refused; revoked by a rule',
    'wrong secret': 'client rejected, row works again',
    // It does not decode the header, and cuts the secret at its first colon.
    'special letters': 'post all, Basic none, raw none',
  },
);
