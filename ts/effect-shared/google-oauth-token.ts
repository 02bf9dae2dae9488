/** A token in the form that Google's libraries use. */

import * as Option from 'effect/Option';
import type { StoredToken } from './stored-token.js';

/** A Google account's token. */
export class GoogleOAuthToken {
  readonly access_token: string;
  readonly refresh_token: string | null;
  readonly expiry_date: Date;
  /** Scopes, separated by spaces. */
  readonly scope: string;
  readonly token_type: string;

  constructor(fields: {
    readonly access_token: string;
    readonly refresh_token: string | null;
    readonly expiry_date: Date;
    readonly scope: string;
    readonly token_type: string;
  }) {
    this.access_token = fields.access_token;
    this.refresh_token = fields.refresh_token;
    this.expiry_date = fields.expiry_date;
    this.scope = fields.scope;
    this.token_type = fields.token_type;
  }
}

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
