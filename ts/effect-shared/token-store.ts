/** The token store on an integration store: an instance's, or the default one's. */

import * as Effect from 'effect/Effect';
import * as Option from 'effect/Option';
import { type IntegrationStore, type RefreshFn, withTenant } from 'tokenkeep';
import { refreshGoogleToken } from './google-token-endpoint.js';
import { inSpan } from './span.js';
import { type StoredToken, newToken, refreshedToken, storedToken } from './stored-token.js';
import { TokenRefreshError, tokenRefreshError } from './token-refresh-error.js';

/** Keeps tokens of any provider. A database that fails is a defect. */
export interface IntegrationTokenStoreService {
  /** The stored token, fresh or not. */
  readonly get: (userId: string, provider: string) => Effect.Effect<Option.Option<StoredToken>>;
  /** Stores a token, sealed; without a refresh token the stored one is kept. */
  readonly store: (userId: string, provider: string, token: StoredToken) => Effect.Effect<void>;
  /**
   * Refreshes a token, also a fresh one, once across all processes; one that was refreshed in the last
   * five seconds is given as it is. Who is interrupted stops waiting: the refresh goes on.
   */
  readonly refresh: (
    userId: string,
    provider: string,
    refreshFn: (refreshToken: string) => Effect.Effect<StoredToken, Error>,
  ) => Effect.Effect<StoredToken, TokenRefreshError>;
  /** Deletes a token, then has the provider revoke it. */
  readonly revoke: (userId: string, provider: string) => Effect.Effect<void>;
}

/**
 * Runs an effect as the fiber would that this was made in, but not as its child. Rejects with the very
 * object that the effect failed or died with.
 */
export type Run = <A, E>(
  effect: Effect.Effect<A, E>,
  options: { readonly signal: AbortSignal },
) => Promise<A>;

/** What it needs of the integration store. */
export type Integration = Pick<
  IntegrationStore,
  'getToken' | 'storeToken' | 'getValidToken' | 'revoke'
>;

/** Makes the service; what is read in the fiber of each caller: how it runs effects, and its tenant. */
export function makeTokenStore(
  integration: Integration,
  ownRun: Effect.Effect<Run>,
  currentTenant: Effect.Effect<string | undefined>,
): IntegrationTokenStoreService {
  // In the fiber's tenant or none, whatever the turn that the fiber happens to run in was begun for.
  const promise = <Value>(ask: () => Promise<Value>): Effect.Effect<Value> =>
    Effect.flatMap(currentTenant, (tenant) =>
      Effect.promise(() => withTenant(tenant ?? null, ask)),
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
                refreshFn: refreshFn === refreshGoogleToken ? undefined : asked(refreshFn, run),
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

/** The caller's effect as the integration store asks for it: interrupted when its time is over. */
function asked(
  refreshFn: (refreshToken: string) => Effect.Effect<StoredToken, Error>,
  run: Run,
): RefreshFn {
  return async (refreshToken, { signal }) => {
    const effect = Effect.suspend(() => refreshFn(refreshToken));
    return refreshedToken(await run(effect, { signal }));
  };
}
