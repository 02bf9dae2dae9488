/** The current user and tenant of a fiber. */

import * as Context from 'effect/Context';
import * as Effect from 'effect/Effect';
import * as Option from 'effect/Option';

// Tags are identified by their keys, as this module exists twice, for import and require. Not fiber
// references: Effect 4 lacks their module, so the entry could not report the wrong version.
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
 * Runs an effect for a tenant, which is set for row-level security. Use it instead of `withTenant`, whose
 * async context fibers do not follow.
 */
export function withCurrentTenant(
  tenantId: string,
): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> {
  return (effect) => Effect.provideService(effect, CurrentTenant, tenantId);
}
