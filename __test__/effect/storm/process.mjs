/**
 * A process of an application on Effect. For each user that it is sent it asks for so many refreshes at
 * once, each in a fiber of its own, and interrupts half of them at random moments.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Effect, Exit, Fiber, Option, Redacted, tokenkeep } from './major.mjs';

/** About as long as a round takes. */
const MOMENTS_MS = 200;

const { databaseUrl, key, tokenUrl } = JSON.parse(process.env.STORM);

const refreshFn = (refreshToken) =>
  Effect.promise(async () => {
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken });
    const answer = await (await fetch(tokenUrl, { method: 'POST', body })).json();
    return {
      accessToken: answer.access_token,
      refreshToken: Option.some(answer.refresh_token),
      expiresAt: Date.now() + answer.expires_in * 1_000,
      scopes: [],
      provider: 'acme',
    };
  });

/** What one fiber came to: a token, `interrupted`, or why it failed. */
async function call(store, userId, isInterrupted) {
  const fiber = Effect.runFork(store.refresh(userId, 'acme', refreshFn));
  if (isInterrupted) {
    await sleep(Math.random() * MOMENTS_MS);
    await Effect.runPromise(Fiber.interrupt(fiber));
  }
  const exit = await Effect.runPromise(Fiber.await(fiber));
  if (Exit.isSuccess(exit)) return { token: exit.value.accessToken };
  return isInterrupted ? { interrupted: true } : { failed: String(exit.cause) };
}

const program = Effect.gen(function* () {
  const store = yield* tokenkeep.IntegrationTokenStore;
  yield* Effect.promise(
    () =>
      new Promise((end) => {
        process.on('message', async ({ userId, fibers }) => {
          const asked = Array.from({ length: fibers }, (_, at) =>
            call(store, userId, at % 2 === 1),
          );
          process.send({ userId, outcomes: await Promise.all(asked) });
        });
        process.once('disconnect', end);
        process.send('ready');
      }),
  );
});

const layer = tokenkeep.layer({
  databaseUrl: Redacted.make(databaseUrl),
  tokenkeepKey: Redacted.make(key),
});
// Nothing ends this process but the end of the program, which closes the layer.
await Effect.runPromise(Effect.provide(program, layer));
