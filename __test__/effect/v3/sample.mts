/** What an application on Effect 3 writes. Only compiled: the types are the test. */

import { Config, ConfigError, Effect, Layer, Option, Redacted } from 'effect';
import * as tokenkeep from 'tokenkeep/effect3';

type Store = Layer.Layer<tokenkeep.IntegrationTokenStore>;

export const store: Store = tokenkeep.IntegrationTokenStoreLive;
export const own: Store = tokenkeep.layer({
  databaseUrl: Redacted.make('postgres://127.0.0.1/nowhere'),
  maxConnections: 2,
  providers: {
    acme: { tokenUrl: 'https://acme.test', clientId: 'c', clientSecret: [Redacted.make('s')] },
  },
});
export const configured: Layer.Layer<tokenkeep.IntegrationTokenStore, ConfigError.ConfigError> =
  tokenkeep.layerConfig({
    databaseUrl: Config.redacted('DATABASE_URL'),
    tokenkeepKey: Config.redacted('TOKENKEEP_KEY'),
    onEvent: Config.succeed(() => {}),
    providers: { acme: { clientId: Config.string('ID'), clientSecret: Config.redacted('SECRET') } },
  });
// @ts-expect-error a secret in the clear
tokenkeep.layer({ tokenkeepKey: '11' });

export const google: Layer.Layer<
  tokenkeep.GoogleAuthClient,
  never,
  tokenkeep.IntegrationTokenStore
> = tokenkeep.GoogleAuthClientLive;

/** A store of a test's own. */
export const fake: Store = Layer.succeed(
  tokenkeep.IntegrationTokenStore,
  tokenkeep.IntegrationTokenStore.of({
    get: () => Effect.succeed(Option.none()),
    store: () => Effect.void,
    refresh: () => Effect.fail(new tokenkeep.TokenRefreshError({ message: 'none' })),
    revoke: () => Effect.void,
  }),
);

const program: Effect.Effect<string, never, tokenkeep.GoogleAuthClient> = Effect.gen(function* () {
  const client = yield* tokenkeep.GoogleAuthClient;
  const token = yield* client.getValidToken([tokenkeep.GmailScopes.read]);
  const expiry: Date = token.expiry_date;
  return `${token.access_token} ${expiry.toISOString()}`;
}).pipe(
  Effect.catchTags({
    GoogleAuthenticationError: ({ suggestion }) => Effect.succeed(suggestion ?? ''),
    GoogleScopeExpansionRequiredError: ({ missingScopes }) =>
      Effect.succeed(missingScopes.join(' ')),
    GoogleTokenRefreshError: ({ message }) => Effect.succeed(message),
    TokenRefreshError: ({ reason }) => Effect.succeed(reason ?? ''),
  }),
);

export const whole: Effect.Effect<string> = program.pipe(
  tokenkeep.withCurrentUser('user-1'),
  Effect.provide(google.pipe(Layer.provide(store))),
);

/** The error channels of the store. */
export const channels = Effect.gen(function* () {
  const { get, store, refresh, revoke } = yield* tokenkeep.IntegrationTokenStore;
  const found: Effect.Effect<Option.Option<tokenkeep.StoredToken>> = get('user', 'acme');
  const token = Option.getOrThrow(yield* found);
  const stored: Effect.Effect<void> = store('user', 'acme', token);
  const revoked: Effect.Effect<void> = revoke('user', 'acme');
  const refreshed: Effect.Effect<tokenkeep.StoredToken, tokenkeep.TokenRefreshError> = refresh(
    'user',
    'acme',
    (refreshToken: string) => Effect.succeed({ ...token, accessToken: refreshToken }),
  );
  // @ts-expect-error a refresh can fail
  const wrong: Effect.Effect<tokenkeep.StoredToken> = refreshed;
  // @ts-expect-error it may fail with errors only
  void refresh('user', 'acme', () => Effect.fail('text'));
  return [stored, revoked, wrong];
});

/** An application's own client fails with the same errors. */
export const limited: Effect.Effect<string, tokenkeep.GoogleApiError> = Effect.gen(function* () {
  if (Math.random() > 1) return yield* new tokenkeep.GoogleRateLimitError({ message: 'slow down' });
  return yield* new tokenkeep.GoogleApiError({ message: 'not found', statusCode: 404 });
}).pipe(Effect.catchTag('GoogleRateLimitError', ({ message }) => Effect.succeed(message)));
