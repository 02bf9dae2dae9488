/** The current user of one module system is that of the other, and so are the services. */
const Effect = require('effect/Effect');
const required = require('tokenkeep/effect3');

import('tokenkeep/effect3').then(async (imported) => {
  const client = Effect.gen(function* () {
    return yield* (yield* required.GoogleAuthClient).getValidToken([]);
  });
  const store = {
    get: (userId) => Effect.die(`asked for ${userId}`),
  };
  const exit = await client.pipe(
    imported.withCurrentUser('user-1'),
    Effect.provide(imported.GoogleAuthClientLive),
    Effect.provideService(required.IntegrationTokenStore, store),
    Effect.runPromiseExit,
  );
  process.stdout.write(String(exit.cause));
});
