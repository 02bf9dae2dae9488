/** An application's own layer for Effect 3, as it was planned: only the imports are tokenkeep's. */

import * as Effect from 'effect/Effect';
import * as Layer from 'effect/Layer';
import * as O from 'effect/Option';
import {
  GoogleAuthClient,
  GoogleAuthenticationError,
  GoogleOAuthToken,
  GoogleTokenRefreshError,
  IntegrationTokenStore,
  type StoredToken,
} from 'tokenkeep/effect3';

const refreshGoogleToken = (
  refreshToken: string,
): Effect.Effect<StoredToken, GoogleTokenRefreshError> =>
  Effect.tryPromise({
    try: async () => {
      const response = await fetch(process.env['TOKENKEEP_GOOGLE_TOKEN_URL']!, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          refresh_token: refreshToken,
          client_id: process.env['GOOGLE_CLIENT_ID']!,
          client_secret: process.env['GOOGLE_CLIENT_SECRET']!,
        }),
      });
      if (!response.ok) throw new Error(`Google answered ${response.status}`);
      const answer = (await response.json()) as Record<string, never>;
      return {
        accessToken: answer['access_token']!,
        refreshToken: O.fromNullable(answer['refresh_token']),
        expiresAt: Date.now() + answer['expires_in']! * 1000,
        scopes: String(answer['scope']).split(' '),
        provider: 'google',
      };
    },
    catch: (cause) => new GoogleTokenRefreshError({ message: 'Refresh failed', cause }),
  });

export const GoogleAuthClientLive = Layer.effect(
  GoogleAuthClient,
  Effect.gen(function* () {
    const tokenStore = yield* IntegrationTokenStore;

    return GoogleAuthClient.of({
      getValidToken: (_scopes) =>
        Effect.gen(function* () {
          const storedToken = yield* tokenStore.get('current-user-id', 'google');

          if (O.isNone(storedToken)) {
            return yield* Effect.fail(
              new GoogleAuthenticationError({
                message: 'No Google OAuth token found',
                suggestion: 'User needs to authorize Google Workspace access',
              }),
            );
          }

          const token = storedToken.value;

          if (token.expiresAt < Date.now()) {
            const refreshedToken = yield* tokenStore.refresh(
              'current-user-id',
              'google',
              (refreshToken) => refreshGoogleToken(refreshToken),
            );

            return new GoogleOAuthToken({
              access_token: refreshedToken.accessToken,
              refresh_token: O.getOrNull(refreshedToken.refreshToken),
              expiry_date: new Date(refreshedToken.expiresAt),
              scope: refreshedToken.scopes.join(' '),
              token_type: 'Bearer',
            });
          }

          return new GoogleOAuthToken({
            access_token: token.accessToken,
            refresh_token: O.getOrNull(token.refreshToken),
            expiry_date: new Date(token.expiresAt),
            scope: token.scopes.join(' '),
            token_type: 'Bearer',
          });
        }),

      refreshToken: (refreshToken) =>
        Effect.gen(function* () {
          const refreshedToken = yield* refreshGoogleToken(refreshToken);
          yield* tokenStore.store('current-user-id', 'google', {
            accessToken: refreshedToken.accessToken,
            refreshToken: refreshedToken.refreshToken,
            expiresAt: refreshedToken.expiresAt,
            scopes: refreshedToken.scopes,
            provider: 'google',
          });

          return new GoogleOAuthToken({
            access_token: refreshedToken.accessToken,
            refresh_token: O.getOrNull(refreshedToken.refreshToken),
            expiry_date: new Date(refreshedToken.expiresAt),
            scope: refreshedToken.scopes.join(' '),
            token_type: 'Bearer',
          });
        }),
    });
  }),
);
