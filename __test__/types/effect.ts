import type { Effect, Layer, Option, Redacted } from 'effect';
import type * as effect from 'tokenkeep/effect';
import type { Equal, Expect } from './expect';

type Store = effect.IntegrationTokenStoreService;
type Token = effect.StoredToken;
type Client = effect.GoogleAuthClientService;

export type Functions = [
  Expect<
    Equal<
      typeof effect.layer,
      (options?: effect.LayerOptions) => Layer.Layer<effect.IntegrationTokenStore>
    >
  >,
  Expect<
    Equal<
      typeof effect.IntegrationTokenStoreLive,
      Layer.Layer<effect.IntegrationTokenStore, never, never>
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
      Store,
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
      Client,
      {
        readonly getValidToken: (
          scopes: ReadonlyArray<string>,
        ) => Effect.Effect<
          effect.GoogleOAuthToken,
          | effect.GoogleAuthenticationError
          | effect.GoogleScopeExpansionRequiredError
          | effect.GoogleTokenRefreshError
          | effect.TokenRefreshError
        >;
        readonly refreshToken: (
          refreshToken: string,
        ) => Effect.Effect<
          effect.GoogleOAuthToken,
          effect.GoogleAuthenticationError | effect.GoogleTokenRefreshError
        >;
      }
    >
  >,
];

export type Shapes = [
  Expect<
    Equal<
      Token,
      {
        readonly accessToken: string;
        readonly refreshToken: Option.Option<string>;
        readonly expiresAt: number;
        readonly scopes: ReadonlyArray<string>;
        readonly provider: string;
      }
    >
  >,
  Expect<Equal<effect.LayerOptions['tokenkeepKey'], Redacted.Redacted<string> | undefined>>,
  Expect<
    Equal<
      effect.TokenRefreshReason,
      'not_connected' | 'refresh_token_missing' | 'revoked' | 'refresh_failed'
    >
  >,
];
