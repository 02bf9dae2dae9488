/** Effect 4 and tokenkeep for it, for tests that are written once. */

import * as Context from 'effect/Context';
import * as Effect from 'effect/Effect';

export * as Cause from 'effect/Cause';
export * as Config from 'effect/Config';
export * as ConfigProvider from 'effect/ConfigProvider';
export * as Exit from 'effect/Exit';
export * as Fiber from 'effect/Fiber';
export * as Layer from 'effect/Layer';
export * as Option from 'effect/Option';
export * as Redacted from 'effect/Redacted';
export { close, createTokenKeep } from 'tokenkeep';
export * as tokenkeep from 'tokenkeep/effect';
export { GoogleAuthClientLive } from './google-auth-client.mjs';
export { Effect };

const Note = Context.Reference<string>('Note', { defaultValue: () => 'none' });

/** What a fiber carries. */
export const note: Effect.Effect<string> = Effect.gen(function* () {
  return yield* Note;
});

/** Runs an effect that carries this. */
export const withNote = <A, E>(effect: Effect.Effect<A, E>, text: string): Effect.Effect<A, E> =>
  Effect.provideService(effect, Note, text);
