import { Effect, Layer, Option } from 'effect';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  GoogleAuthClient,
  GoogleAuthClientLive,
  IntegrationTokenStore,
  IntegrationTokenStoreLive,
  withCurrentUser,
} from 'tokenkeep/effect3';

// The oldest Effect that the peer dependency allows.
const userId = randomUUID();
const program = Effect.gen(function* () {
  const store = yield* IntegrationTokenStore;
  const client = yield* GoogleAuthClient;
  yield* store.store(userId, 'google', {
    accessToken: 'at',
    refreshToken: Option.some('rt'),
    expiresAt: Date.now() + 3_600_000,
    scopes: ['a'],
    provider: 'google',
  });
  const refused = yield* Effect.flip(client.getValidToken(['b']));
  assert.equal(refused._tag, 'GoogleScopeExpansionRequiredError');
  const refreshed = yield* store.refresh(userId, 'google', () =>
    Effect.succeed({
      accessToken: 'new',
      refreshToken: Option.none(),
      expiresAt: Date.now() + 3_600_000,
      scopes: ['a'],
      provider: 'google',
    }),
  );
  assert.equal(refreshed.accessToken, 'new');
  const token = yield* client.getValidToken(['a']);
  return token.access_token;
});
const live = Layer.provideMerge(GoogleAuthClientLive, IntegrationTokenStoreLive);
const given = await Effect.runPromise(withCurrentUser(userId)(Effect.provide(program, live)));
assert.equal(given, 'new');
