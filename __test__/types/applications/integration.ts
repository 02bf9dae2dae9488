/** Call sites of a hand-written token store as an Effect service, and of its plain successor. */

import * as Effect from 'effect/Effect';
import * as Layer from 'effect/Layer';
import * as Option from 'effect/Option';
import {
  GoogleAuthClient,
  GoogleAuthClientLive,
  IntegrationTokenStore,
  IntegrationTokenStoreLive,
  TokenRefreshError,
  layer,
  withCurrentUser,
} from 'tokenkeep/effect3';
import { connectionStatus, getToken, getValidToken, storeToken } from 'tokenkeep/integration';

/** The team's own, as its package had it. */
interface OwnToken {
  readonly accessToken: string;
  readonly refreshToken: Option.Option<string>;
  readonly expiresAt: number;
  readonly scopes: ReadonlyArray<string>;
  readonly provider: string;
}
interface OwnStore {
  readonly get: (userId: string, provider: string) => Effect.Effect<Option.Option<OwnToken>>;
  readonly store: (userId: string, provider: string, token: OwnToken) => Effect.Effect<void>;
  readonly refresh: (
    userId: string,
    provider: string,
    refreshFn: (refreshToken: string) => Effect.Effect<OwnToken, Error>,
  ) => Effect.Effect<OwnToken, TokenRefreshError>;
  readonly revoke: (userId: string, provider: string) => Effect.Effect<void>;
}

export const refreshed = (userId: string, refreshFn: (token: string) => Effect.Effect<OwnToken>) =>
  Effect.gen(function* () {
    const store: OwnStore = yield* IntegrationTokenStore;
    const stored = yield* store.get(userId, 'google');
    if (Option.isNone(stored)) {
      return yield* Effect.fail(new TokenRefreshError({ message: 'not connected' }));
    }
    const token = yield* store.refresh(userId, 'google', refreshFn);
    yield* store.store(userId, 'google', token);
    return token;
  }).pipe(Effect.catchTag('TokenRefreshError', (error) => Effect.succeed(error.message)));

export const program = Effect.gen(function* () {
  const auth = yield* GoogleAuthClient;
  const token = yield* auth.getValidToken(['https://www.googleapis.com/auth/calendar']);
  return token.access_token;
});
export const ofUser = program.pipe(withCurrentUser('user'));
export const live = Layer.provideMerge(GoogleAuthClientLive, IntegrationTokenStoreLive);
export const own = Layer.provideMerge(GoogleAuthClientLive, layer());
export const provided = Effect.provide(ofUser, live);

export const plain = { connectionStatus, getToken, getValidToken, storeToken };
export const status = () => connectionStatus('user', 'google', { scopes: ['a'] });
export const valid = () => getValidToken('user', 'google');
