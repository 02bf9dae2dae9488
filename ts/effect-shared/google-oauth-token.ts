/** A token in the form that Google's own libraries take. */

import * as Data from 'effect/Data';
import * as Option from 'effect/Option';
import type { StoredToken } from './stored-token.js';

/** A Google account's token. */
export class GoogleOAuthToken extends Data.Class<{
  readonly access_token: string;
  readonly refresh_token: string | null;
  readonly expiry_date: Date;
  /** With spaces between. */
  readonly scope: string;
  readonly token_type: string;
}> {}

/** A stored token in that form. */
export function googleOAuthToken(token: StoredToken): GoogleOAuthToken {
  return new GoogleOAuthToken({
    access_token: token.accessToken,
    refresh_token: Option.getOrNull(token.refreshToken),
    expiry_date: new Date(token.expiresAt),
    scope: token.scopes.join(' '),
    token_type: 'Bearer',
  });
}
