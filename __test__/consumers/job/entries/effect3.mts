import { Effect, Layer } from 'effect';
import * as tokenkeep from 'tokenkeep/effect3';

const program = Effect.gen(function* () {
  const google = yield* tokenkeep.GoogleAuthClient;
  const token = yield* google.getValidToken([tokenkeep.GmailScopes.read]);
  return token.access_token;
});
const live = Layer.provide(tokenkeep.GoogleAuthClientLive, tokenkeep.IntegrationTokenStoreLive);

export const token: () => Promise<string> = () =>
  Effect.runPromise(program.pipe(tokenkeep.withCurrentUser('user'), Effect.provide(live)));
// @ts-expect-error the services are not there
export const wrong = () => Effect.runPromise(program);
