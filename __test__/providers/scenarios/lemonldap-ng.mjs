/** LemonLDAP::NG, with offline access. */
import { runOn } from '../scenario.mjs';
import { start } from '../servers/lemonldap-ng/index.mjs';

export const name = 'lemonldap-ng';

export const inShort = false;

export const run = runOn(
  {
    start,
    // It answers a refresh token of which the offline session is gone as a fault of the client's own request.
    errors: [{ error: 'invalid_request', meaning: 'grant_dead' }],
  },
  {
    // It looks at a code challenge only of clients for which `oidcRPMetaDataOptionsRequirePKCE` is set.
    connect: 'code, PKCE ignored',
    refresh: 'works',
    storm: '1 request',
    rotation: 'keeps',
    reuse: 'no rotation',
    revocation: 'no endpoint',
    'dead grant': 'refused; revoked by a rule',
    'wrong secret': 'client rejected, row works again',
    // It does not decode the header, and cuts the secret at its first colon.
    'special letters': 'post all, Basic none, raw none',
  },
);
