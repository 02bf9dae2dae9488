/** Whose tokens an effect asks for, and of which tenant. */

import * as Effect from 'effect/Effect';
import * as FiberRef from 'effect/FiberRef';
import { globalValue } from 'effect/GlobalValue';

// One in a process, although this module is there twice: for import and for require.
const CurrentUser = globalValue(Symbol.for('tokenkeep/CurrentUser'), () =>
  FiberRef.unsafeMake<string | undefined>(undefined),
);

const CurrentTenant = globalValue(Symbol.for('tokenkeep/CurrentTenant'), () =>
  FiberRef.unsafeMake<string | undefined>(undefined),
);

/** The user of the calling fiber. */
export const currentUser: Effect.Effect<string | undefined> = FiberRef.get(CurrentUser);

/** The tenant of the calling fiber. */
export const currentTenant: Effect.Effect<string | undefined> = FiberRef.get(CurrentTenant);

/** Runs an effect for a user. */
export function withCurrentUser(
  userId: string,
): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> {
  return (effect) => Effect.locally(effect, CurrentUser, userId);
}

/**
 * Runs an effect for a tenant: row-level security is told so, as by `withTenant` of `tokenkeep`, which
 * fibers do not see: they share their turns with those of other callers.
 */
export function withCurrentTenant(
  tenantId: string,
): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> {
  return (effect) => Effect.locally(effect, CurrentTenant, tenantId);
}
