/**
 * Reads with Effect, in an application with one of its major versions: with the plain functions, and with
 * tokenkeep's services.
 */
import * as Effect from 'effect/Effect';
import * as Layer from 'effect/Layer';
import { close } from 'tokenkeep';
import { getToken } from 'tokenkeep/integration';

const PROVIDER = 'google';

/** @param {'tokenkeep/effect' | 'tokenkeep/effect3'} module */
export async function openReads(module) {
  const tokenkeep = await import(module);
  const { GoogleAuthClient, IntegrationTokenStore, IntegrationTokenStoreLive } = tokenkeep;
  const services = Effect.gen(function* () {
    return { store: yield* IntegrationTokenStore, client: yield* GoogleAuthClient };
  });
  const live = Layer.provideMerge(tokenkeep.GoogleAuthClientLive, IntegrationTokenStoreLive);
  const { store, client } = await Effect.runPromise(Effect.provide(services, live));
  // The whole program runs for its user.
  const run = (read) => (userId) =>
    Effect.runPromise(tokenkeep.withCurrentUser(userId)(Effect.suspend(() => read(userId))));
  return {
    plain: run((userId) => Effect.promise(() => getToken(userId, PROVIDER))),
    store: run((userId) => store.get(userId, PROVIDER)),
    client: run(() => client.getValidToken([])),
    close,
  };
}
