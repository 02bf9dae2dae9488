/** The current user and tenant of a fiber. */

import * as Context from 'effect/Context';
import * as Effect from 'effect/Effect';

const CurrentUser = Context.Reference<string | undefined>('tokenkeep/CurrentUser', {
  defaultValue: () => undefined,
});

const CurrentTenant = Context.Reference<string | undefined>('tokenkeep/CurrentTenant', {
  defaultValue: () => undefined,
});

/** The user of the calling fiber. */
export const currentUser: Effect.Effect<string | undefined> = Effect.map(
  Effect.context<never>(),
  (context) => Context.get(context, CurrentUser),
);

/** The tenant of the calling fiber. */
export const currentTenant: Effect.Effect<string | undefined> = Effect.map(
  Effect.context<never>(),
  (context) => Context.get(context, CurrentTenant),
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
