/** The same in CommonJS, in short. */

import Effect = require('effect/Effect');
import tokenkeep = require('tokenkeep/effect3');

export const token: Effect.Effect<string, Error> = Effect.gen(function* () {
  const client = yield* tokenkeep.GoogleAuthClient;
  return (yield* client.getValidToken([tokenkeep.CalendarScopes.events])).access_token;
}).pipe(
  Effect.provide(tokenkeep.GoogleAuthClientLive),
  Effect.provide(tokenkeep.IntegrationTokenStoreLive),
);
