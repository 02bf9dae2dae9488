/** Google's tokens of the current user, on whichever token store. */

import * as Effect from 'effect/Effect';
import * as Option from 'effect/Option';
import { GoogleAuthenticationError, GoogleScopeExpansionRequiredError } from './google-errors.js';
import type { GoogleTokenRefreshError } from './google-errors.js';
import { type GoogleOAuthToken, googleOAuthToken } from './google-oauth-token.js';
import { refreshGoogleToken } from './google-token-endpoint.js';
import type { StoredToken } from './stored-token.js';
import type { TokenRefreshError } from './token-refresh-error.js';
import type { IntegrationTokenStoreService } from './token-store.js';

/** Gives the current user's Google tokens. */
export interface GoogleAuthClientService {
  /** A token that has these scopes, refreshed if need be. */
  readonly getValidToken: (
    scopes: ReadonlyArray<string>,
  ) => Effect.Effect<
    GoogleOAuthToken,
    | GoogleAuthenticationError
    | GoogleScopeExpansionRequiredError
    | GoogleTokenRefreshError
    | TokenRefreshError
  >;
  /** Exchanges a refresh token at Google and stores what it gives. */
  readonly refreshToken: (
    refreshToken: string,
  ) => Effect.Effect<GoogleOAuthToken, GoogleAuthenticationError | GoogleTokenRefreshError>;
}

const PROVIDER = 'google';
const SUGGESTION = 'User needs to authorize Google Workspace access';
/** What is left of a token that is not refreshed yet. */
const FRESH_MS = 300_000;
/** What is left of a token that is given when a refresh fails. */
const USABLE_MS = 60_000;

/** Makes the service; `currentUser` is read at each call. */
export function makeGoogleAuthClient(
  store: IntegrationTokenStoreService,
  currentUser: Effect.Effect<string | undefined>,
): GoogleAuthClientService {
  const user = Effect.flatMap(currentUser, (userId) =>
    userId === undefined ? Effect.fail(nobody()) : Effect.succeed(userId),
  );

  return {
    getValidToken: (scopes) =>
      Effect.gen(function* () {
        const userId = yield* user;
        const stored = yield* store.get(userId, PROVIDER);
        if (Option.isNone(stored)) return yield* Effect.fail(notConnected());
        const token = stored.value;
        yield* allow(token, scopes);
        if (isGiven(token)) return googleOAuthToken(token);
        const refreshed = yield* store
          .refresh(userId, PROVIDER, refreshGoogleToken)
          .pipe(
            Effect.catchTag('TokenRefreshError', (error) =>
              left(token) > USABLE_MS ? Effect.succeed(token) : Effect.fail(error),
            ),
          );
        yield* allow(refreshed, scopes);
        return googleOAuthToken(refreshed);
      }).pipe(inSpan('getValidToken')),

    refreshToken: (refreshToken) =>
      Effect.gen(function* () {
        const userId = yield* user;
        const answer = yield* refreshGoogleToken(refreshToken);
        const token = answer.scopes.length > 0 ? answer : yield* withStoredScopes(userId, answer);
        yield* store.store(userId, PROVIDER, token);
        return googleOAuthToken(token);
        // Google may have replaced the refresh token: what it answers must reach the store.
      }).pipe(Effect.uninterruptible, inSpan('refreshToken')),
  };

  /** RFC 6749, section 6: an answer without scopes has those that were granted before. */
  function withStoredScopes(userId: string, token: StoredToken): Effect.Effect<StoredToken> {
    return Effect.map(store.get(userId, PROVIDER), (stored) =>
      Option.isSome(stored) ? { ...token, scopes: stored.value.scopes } : token,
    );
  }
}

function left(token: StoredToken): number {
  return token.expiresAt - Date.now();
}

/** Whether a token is given without asking Google. */
function isGiven(token: StoredToken): boolean {
  return left(token) > (Option.isSome(token.refreshToken) ? FRESH_MS : 0);
}

function allow(
  token: StoredToken,
  scopes: ReadonlyArray<string>,
): Effect.Effect<void, GoogleScopeExpansionRequiredError> {
  const missingScopes = scopes.filter((scope) => !token.scopes.includes(scope));
  if (missingScopes.length === 0) return Effect.void;
  return Effect.fail(
    new GoogleScopeExpansionRequiredError({
      message: `The Google OAuth token lacks scopes: ${missingScopes.join(', ')}`,
      suggestion: 'User needs to agree to these scopes',
      missingScopes,
      currentScopes: token.scopes,
    }),
  );
}

function notConnected(): GoogleAuthenticationError {
  return new GoogleAuthenticationError({
    message: 'No Google OAuth token found',
    suggestion: SUGGESTION,
  });
}

function nobody(): GoogleAuthenticationError {
  return new GoogleAuthenticationError({
    message: 'There is no current user',
    suggestion: 'Run the effect in withCurrentUser(userId)',
  });
}

function inSpan(method: string) {
  const options = { attributes: { provider: PROVIDER }, captureStackTrace: false };
  return <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.withSpan(effect, `GoogleAuthClient.${method}`, options);
}
