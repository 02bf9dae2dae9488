/** The same in CommonJS, in short. */

import * as Effect from 'effect/Effect';
import * as tokenkeep from 'tokenkeep/effect3';

export const token: Effect.Effect<string, Error> = Effect.gen(function* () {
  const client = yield* tokenkeep.GoogleAuthClient;
  return (yield* client.getValidToken([tokenkeep.CalendarScopes.events])).access_token;
}).pipe(
  Effect.provide(tokenkeep.GoogleAuthClientLive),
  Effect.provide(tokenkeep.IntegrationTokenStoreLive),
);
