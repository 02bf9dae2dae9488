/** Whose tokens an effect asks for, and of which tenant. */

import * as Context from 'effect/Context';
import * as Effect from 'effect/Effect';
import * as Option from 'effect/Option';

// Known by their keys: this module is there twice, for import and for require. No fiber references,
// whose module Effect 4 does not have: the entry could not even say there that it is not for Effect 4.
class CurrentUser extends Context.Tag('tokenkeep/CurrentUser')<CurrentUser, string>() {}

class CurrentTenant extends Context.Tag('tokenkeep/CurrentTenant')<CurrentTenant, string>() {}

/** The user of the calling fiber. */
export const currentUser: Effect.Effect<string | undefined> = Effect.map(
  Effect.serviceOption(CurrentUser),
  Option.getOrUndefined,
);

/** The tenant of the calling fiber. */
export const currentTenant: Effect.Effect<string | undefined> = Effect.map(
  Effect.serviceOption(CurrentTenant),
  Option.getOrUndefined,
);

/** Runs an effect for a user. */
export function withCurrentUser(
  userId: string,
): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> {
  return (effect) => Effect.provideService(effect, CurrentUser, userId);
}

/**
 * Runs an effect for a tenant: row-level security is told so, as by `withTenant` of `tokenkeep`, which
 * fibers do not see: they share their turns with those of other callers.
 */
export function withCurrentTenant(
  tenantId: string,
): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> {
  return (effect) => Effect.provideService(effect, CurrentTenant, tenantId);
}
