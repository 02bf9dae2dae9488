/** Whose tokens an effect asks for. */

import * as Context from 'effect/Context';
import * as Effect from 'effect/Effect';

const CurrentUser = Context.Reference<string | undefined>('tokenkeep/CurrentUser', {
  defaultValue: () => undefined,
});

/** The user of the calling fiber. */
export const currentUser: Effect.Effect<string | undefined> = Effect.map(
  Effect.context<never>(),
  (context) => Context.get(context, CurrentUser),
);

/** Runs an effect for a user. */
export function withCurrentUser(
  userId: string,
): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> {
  return (effect) => Effect.provideService(effect, CurrentUser, userId);
}
