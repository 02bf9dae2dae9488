/** The token store, based on the integration store of an instance. */

import * as Effect from 'effect/Effect';
import * as Option from 'effect/Option';
import { type IntegrationStore, type RefreshFn, withTenant } from 'tokenkeep';
import { refreshGoogleToken } from './google-token-endpoint.js';
import { inSpan } from './span.js';
import { type StoredToken, newToken, refreshedToken, storedToken } from './stored-token.js';
import { TokenRefreshError, tokenRefreshError } from './token-refresh-error.js';

/** Stores tokens of any provider. Database errors are defects. */
export interface IntegrationTokenStoreService {
  /** Returns the stored token, expired or not. */
  readonly get: (userId: string, provider: string) => Effect.Effect<Option.Option<StoredToken>>;
  /** Stores a token, sealed. Keeps the stored refresh token if the new token has none. */
  readonly store: (userId: string, provider: string, token: StoredToken) => Effect.Effect<void>;
  /**
   * Refreshes a token, even a fresh one, once across all processes. Returns a token that was refreshed in the
   * last five seconds as it is. Interruption ends the wait, not the refresh.
   */
  readonly refresh: (
    userId: string,
    provider: string,
    refreshFn: (refreshToken: string) => Effect.Effect<StoredToken, Error>,
  ) => Effect.Effect<StoredToken, TokenRefreshError>;
  /** Deletes a token, then revokes it at the provider. */
  readonly revoke: (userId: string, provider: string) => Effect.Effect<void>;
}

/**
 * Runs an effect with the context of the fiber in which this was created, but not as its child. Rejects with
 * the object with which the effect failed or died.
 */
export type Run = <A, E>(
  effect: Effect.Effect<A, E>,
  options: { readonly signal: AbortSignal },
) => Promise<A>;

/** The part of the integration store that is used. */
export type Integration = Pick<
  IntegrationStore,
  'getToken' | 'storeToken' | 'getValidToken' | 'revoke'
>;

/** Creates the service. `ownRun` and `currentTenant` are evaluated in the fiber of each caller. */
export function makeTokenStore(
  integration: Integration,
  ownRun: Effect.Effect<Run>,
  currentTenant: Effect.Effect<string | undefined>,
): IntegrationTokenStoreService {
  // Sets the fiber's tenant, or none: the async context may belong to another caller.
  const promise = <Value>(call: () => Promise<Value>): Effect.Effect<Value> =>
    Effect.flatMap(currentTenant, (tenant) =>
      Effect.promise(() => withTenant(tenant ?? null, call)),
    );

  return {
    get: (userId, provider) =>
      promise(() => integration.getToken(userId, provider)).pipe(
        Effect.map((token) =>
          token === null ? Option.none() : Option.some(storedToken(token, provider)),
        ),
        inSpan('IntegrationTokenStore.get', { provider }),
      ),
    store: (userId, provider, token) =>
      promise(() => integration.storeToken(userId, provider, newToken(token))).pipe(
        inSpan('IntegrationTokenStore.store', { provider }),
      ),
    refresh: (userId, provider, refreshFn) =>
      ownRun.pipe(
        Effect.flatMap((run) =>
          promise(() =>
            integration
              .getValidToken(userId, provider, {
                forceRefresh: true,
                refreshFn:
                  refreshFn === refreshGoogleToken ? undefined : toRefreshFn(refreshFn, run),
              })
              .catch((error) => {
                const expected = tokenRefreshError(error, provider);
                if (expected) return expected;
                throw error;
              }),
          ),
        ),
        Effect.flatMap((outcome) =>
          outcome instanceof TokenRefreshError
            ? Effect.fail(outcome)
            : Effect.succeed(storedToken(outcome, provider)),
        ),
        inSpan('IntegrationTokenStore.refresh', { provider }),
      ),
    revoke: (userId, provider) =>
      promise(() => integration.revoke(userId, provider)).pipe(
        Effect.asVoid,
        inSpan('IntegrationTokenStore.revoke', { provider }),
      ),
  };
}

/** The caller's effect as a `refreshFn`, interrupted by its abort signal. */
function toRefreshFn(
  refreshFn: (refreshToken: string) => Effect.Effect<StoredToken, Error>,
  run: Run,
): RefreshFn {
  return async (refreshToken, { signal }) => {
    const effect = Effect.suspend(() => refreshFn(refreshToken));
    return refreshedToken(await run(effect, { signal }));
  };
}
