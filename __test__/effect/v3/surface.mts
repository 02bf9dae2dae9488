/** What tokenkeep/effect3 has, as __test__/types/effect.ts holds it for Effect 4. Only compiled. */

import type { Effect, Layer, Option, Redacted } from 'effect';
import type * as effect from 'tokenkeep/effect3';

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Expect<Truth extends true> = Truth;
type Token = effect.StoredToken;

export type Surface = [
  Expect<
    Equal<
      typeof effect.layer,
      (options?: effect.LayerOptions) => Layer.Layer<effect.IntegrationTokenStore>
    >
  >,
  Expect<
    Equal<
      typeof effect.GoogleAuthClientLive,
      Layer.Layer<effect.GoogleAuthClient, never, effect.IntegrationTokenStore>
    >
  >,
  Expect<
    Equal<
      effect.IntegrationTokenStoreService,
      {
        readonly get: (userId: string, provider: string) => Effect.Effect<Option.Option<Token>>;
        readonly store: (userId: string, provider: string, token: Token) => Effect.Effect<void>;
        readonly refresh: (
          userId: string,
          provider: string,
          refreshFn: (refreshToken: string) => Effect.Effect<Token, Error>,
        ) => Effect.Effect<Token, effect.TokenRefreshError>;
        readonly revoke: (userId: string, provider: string) => Effect.Effect<void>;
      }
    >
  >,
  Expect<
    Equal<
      ReturnType<effect.GoogleAuthClientService['getValidToken']>,
      Effect.Effect<
        effect.GoogleOAuthToken,
        | effect.GoogleAuthenticationError
        | effect.GoogleScopeExpansionRequiredError
        | effect.GoogleTokenRefreshError
        | effect.TokenRefreshError
      >
    >
  >,
  Expect<Equal<Token['refreshToken'], Option.Option<string>>>,
  Expect<Equal<effect.LayerOptions['tokenkeepKey'], Redacted.Redacted<string> | undefined>>,
];
