/** Effect 3 and tokenkeep for it, for tests that are written once. */

import * as Effect from 'effect/Effect';
import * as FiberRef from 'effect/FiberRef';

export * as Cause from 'effect/Cause';
export * as Config from 'effect/Config';
export * as ConfigProvider from 'effect/ConfigProvider';
export * as Exit from 'effect/Exit';
export * as Fiber from 'effect/Fiber';
export * as Layer from 'effect/Layer';
export * as Option from 'effect/Option';
export * as Redacted from 'effect/Redacted';
export { close, createTokenKeep } from 'tokenkeep';
export * as tokenkeep from 'tokenkeep/effect3';
export { GoogleAuthClientLive } from './google-auth-client.mjs';
export { Effect };

const Note = FiberRef.unsafeMake('none');

/** What a fiber carries. */
export const note: Effect.Effect<string> = FiberRef.get(Note);

/** Runs an effect that carries this. */
export const withNote = <A, E>(effect: Effect.Effect<A, E>, text: string): Effect.Effect<A, E> =>
  Effect.locally(effect, Note, text);
