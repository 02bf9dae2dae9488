/** The current user's Google tokens, from any token store. */

import * as Effect from 'effect/Effect';
import * as Option from 'effect/Option';
import { GoogleAuthenticationError, GoogleScopeExpansionRequiredError } from './google-errors.js';
import type { GoogleTokenRefreshError } from './google-errors.js';
import { type GoogleOAuthToken, googleOAuthToken } from './google-oauth-token.js';
import { refreshGoogleToken } from './google-token-endpoint.js';
import { inSpan } from './span.js';
import type { StoredToken } from './stored-token.js';
import type { TokenRefreshError } from './token-refresh-error.js';
import type { IntegrationTokenStoreService } from './token-store.js';

/** Why there is no valid token. */
export type NoValidToken =
  | GoogleAuthenticationError
  | GoogleScopeExpansionRequiredError
  | GoogleTokenRefreshError
  | TokenRefreshError;

type Valid = Effect.Effect<GoogleOAuthToken, NoValidToken>;

/** Returns the current user's Google tokens. */
export interface GoogleAuthClientService {
  /** Returns a token with these scopes, refreshed if necessary. */
  readonly getValidToken: (
    scopes: ReadonlyArray<string>,
  ) => Effect.Effect<GoogleOAuthToken, NoValidToken>;
  /** Exchanges a refresh token at Google and stores the new tokens. */
  readonly refreshToken: (
    refreshToken: string,
  ) => Effect.Effect<GoogleOAuthToken, GoogleAuthenticationError | GoogleTokenRefreshError>;
}

const PROVIDER = 'google';
const SUGGESTION = 'User needs to authorize Google Workspace access';
/** A token that is valid for longer is not refreshed. */
const FRESH_MS = 300_000;
/** A token that is valid for longer is returned if a refresh fails. */
const USABLE_MS = 60_000;

/** Creates the service; `currentUser` is read at each call. */
export function makeGoogleAuthClient(
  store: IntegrationTokenStoreService,
  currentUser: Effect.Effect<string | undefined>,
): GoogleAuthClientService {
  const user = Effect.flatMap(currentUser, (userId) =>
    userId === undefined ? Effect.fail(noCurrentUser()) : Effect.succeed(userId),
  );

  return {
    // No generator for the stored token: it would cost more than the rest.
    getValidToken: (scopes) =>
      Effect.flatMap(user, (userId) =>
        Effect.flatMap(store.get(userId, PROVIDER), (stored): Valid => {
          if (Option.isNone(stored)) return Effect.fail(notConnected());
          const lacks = lacksScopes(stored.value, scopes);
          if (lacks) return Effect.fail(lacks);
          if (isGiven(stored.value)) return Effect.succeed(googleOAuthToken(stored.value));
          return refreshed(userId, stored.value, scopes);
        }),
      ).pipe(inSpan('GoogleAuthClient.getValidToken', { provider: PROVIDER })),

    refreshToken: (refreshToken) =>
      Effect.gen(function* () {
        const userId = yield* user;
        const answer = yield* refreshGoogleToken(refreshToken);
        const token = answer.scopes.length > 0 ? answer : yield* withStoredScopes(userId, answer);
        yield* store.store(userId, PROVIDER, token);
        return googleOAuthToken(token);
        // Google may have replaced the refresh token, so the response must be stored.
      }).pipe(
        Effect.uninterruptible,
        inSpan('GoogleAuthClient.refreshToken', { provider: PROVIDER }),
      ),
  };

  function refreshed(userId: string, token: StoredToken, scopes: ReadonlyArray<string>): Valid {
    return Effect.gen(function* () {
      const fresh = yield* store
        .refresh(userId, PROVIDER, refreshGoogleToken)
        .pipe(
          Effect.catchTag('TokenRefreshError', (error) =>
            left(token) > USABLE_MS ? Effect.succeed(token) : Effect.fail(error),
          ),
        );
      const lacks = lacksScopes(fresh, scopes);
      return lacks ? yield* Effect.fail(lacks) : googleOAuthToken(fresh);
    });
  }

  /** A response without scopes has those that were granted before (RFC 6749, section 6). */
  function withStoredScopes(userId: string, token: StoredToken): Effect.Effect<StoredToken> {
    return Effect.map(store.get(userId, PROVIDER), (stored) =>
      Option.isSome(stored) ? { ...token, scopes: stored.value.scopes } : token,
    );
  }
}

function left(token: StoredToken): number {
  return token.expiresAt - Date.now();
}

/** Whether a token is returned without a refresh. */
function isGiven(token: StoredToken): boolean {
  return left(token) > (Option.isSome(token.refreshToken) ? FRESH_MS : 0);
}

/** The error of a token that lacks some of these scopes. */
function lacksScopes(
  token: StoredToken,
  scopes: ReadonlyArray<string>,
): GoogleScopeExpansionRequiredError | undefined {
  const missingScopes = scopes.filter((scope) => !token.scopes.includes(scope));
  if (missingScopes.length === 0) return undefined;
  return new GoogleScopeExpansionRequiredError({
    message: `The Google OAuth token lacks scopes: ${missingScopes.join(', ')}`,
    suggestion: 'User needs to grant these scopes',
    missingScopes,
    currentScopes: token.scopes,
  });
}

function notConnected(): GoogleAuthenticationError {
  return new GoogleAuthenticationError({
    message: 'No Google OAuth token found',
    suggestion: SUGGESTION,
  });
}

function noCurrentUser(): GoogleAuthenticationError {
  return new GoogleAuthenticationError({
    message: 'There is no current user',
    suggestion: 'Run the effect with withCurrentUser(userId)',
  });
}
