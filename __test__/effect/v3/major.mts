/** Effect 3 and tokenkeep for it, for tests that are written once. */

import * as Cause from 'effect/Cause';
import * as Config from 'effect/Config';
import * as ConfigProvider from 'effect/ConfigProvider';
import * as Effect from 'effect/Effect';
import * as FiberRef from 'effect/FiberRef';

export * as Exit from 'effect/Exit';
export * as Fiber from 'effect/Fiber';
export * as Layer from 'effect/Layer';
export * as Option from 'effect/Option';
export * as Redacted from 'effect/Redacted';
export { close, createTokenKeep, withTenant } from 'tokenkeep';
export * as tokenkeep from 'tokenkeep/effect3';
export { GoogleAuthClientLive } from './google-auth-client.mjs';
export { Cause, Effect };

const Note = FiberRef.unsafeMake('none');

/** What a fiber carries. */
export const note: Effect.Effect<string> = FiberRef.get(Note);

/** Runs an effect that carries this. */
export const withNote = <A, E>(effect: Effect.Effect<A, E>, text: string): Effect.Effect<A, E> =>
  Effect.locally(effect, Note, text);

/** Options that are read from a `ConfigProvider`. */
export const text = (name: string) => Config.string(name);
export const secret = (name: string) => Config.redacted(name);

/** Runs an effect with these variables. */
export const withVariables = <A, E>(
  effect: Effect.Effect<A, E>,
  variables: Record<string, string>,
): Effect.Effect<A, E> =>
  Effect.withConfigProvider(effect, ConfigProvider.fromMap(new Map(Object.entries(variables))));

/** Whether an effect has died, and not failed. */
export const isDefect = (cause: Cause.Cause<unknown>): boolean => Cause.isDie(cause);
