/** A token as the services know it, to and from what the integration store gives. */

import * as Option from 'effect/Option';
import type { IntegrationToken, NewIntegrationToken } from 'tokenkeep/integration';

/** A user's tokens at one provider. */
export interface StoredToken {
  readonly accessToken: string;
  /** None: there is no refresh token; when it is stored, the one that is there is kept. */
  readonly refreshToken: Option.Option<string>;
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
  readonly scopes: ReadonlyArray<string>;
  readonly provider: string;
}

/** What a caller is given. */
export function storedToken(token: IntegrationToken, provider: string): StoredToken {
  return {
    accessToken: token.accessToken,
    refreshToken: token.refreshToken === null ? Option.none() : Option.some(token.refreshToken),
    expiresAt: token.expiresAt.getTime(),
    scopes: token.scopes,
    provider,
  };
}

/** What is stored. */
export function newToken(token: StoredToken): NewIntegrationToken {
  return {
    accessToken: token.accessToken,
    refreshToken: Option.getOrNull(token.refreshToken),
    expiresAt: new Date(token.expiresAt),
    scopes: token.scopes,
  };
}

/** What a `refreshFn` of the integration store answers; without scopes the stored ones stay. */
export function refreshedToken(token: StoredToken) {
  return {
    accessToken: token.accessToken,
    refreshToken: Option.getOrNull(token.refreshToken),
    expiryDate: token.expiresAt,
    scopes: token.scopes.length === 0 ? undefined : token.scopes,
  };
}
