/** The services' token type, and its conversion from and to the integration store's. */

import * as Option from 'effect/Option';
import type { IntegrationToken, NewIntegrationToken } from 'tokenkeep/integration';

/** A user's tokens at one provider. */
export interface StoredToken {
  readonly accessToken: string;
  /** None: there is no refresh token; storing keeps the existing one. */
  readonly refreshToken: Option.Option<string>;
  /** In milliseconds since 1970; 8.64e15, the last moment of a `Date`, if it never expires. */
  readonly expiresAt: number;
  readonly scopes: ReadonlyArray<string>;
  readonly provider: string;
}

/** The last moment of a `Date`. */
const NEVER_MS = 8.64e15;

/** Converts a token of the integration store. */
export function storedToken(token: IntegrationToken, provider: string): StoredToken {
  return {
    accessToken: token.accessToken,
    refreshToken: token.refreshToken === null ? Option.none() : Option.some(token.refreshToken),
    expiresAt: token.expiresAt?.getTime() ?? NEVER_MS,
    scopes: token.scopes,
    provider,
  };
}

/** Converts a token for `storeToken` of the integration store. */
export function newToken(token: StoredToken): NewIntegrationToken {
  return {
    accessToken: token.accessToken,
    refreshToken: Option.getOrNull(token.refreshToken),
    expiresAt: token.expiresAt === NEVER_MS ? null : new Date(token.expiresAt),
    scopes: token.scopes,
  };
}

/** Converts a token for a `refreshFn`'s result; without scopes, the stored ones are kept. */
export function refreshedToken(token: StoredToken) {
  return {
    accessToken: token.accessToken,
    refreshToken: Option.getOrNull(token.refreshToken),
    expiryDate: token.expiresAt,
    scopes: token.scopes.length === 0 ? undefined : token.scopes,
  };
}
