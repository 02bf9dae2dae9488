/** What all stores share: tokens that expire and are refreshed. */

import type { StoreName } from '../stored-token';

/** A user's tokens in any store. Immutable. */
export interface Grant {
  readonly accessToken: string;
  /** `''` if there is none. */
  readonly refreshToken: string;
  /** In milliseconds since 1970; `Infinity` if it never expires. */
  readonly expiresAt: number;
  readonly scopes: readonly string[];
  /** Only in the integration store. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** Whether the provider or the user has revoked it. */
  readonly isDead: boolean;
  /** When it was last refreshed, in milliseconds since 1970. */
  readonly refreshedAt?: number | undefined;
}

/** Reads and writes one stored grant. */
export interface Place {
  readonly store: StoreName;
  /** The parts of the row's key. */
  readonly key: readonly string[];
  read(): Grant | undefined;
  write(grant: Grant): void;
  /** Marks a revoked grant, or deletes it if the store does so. */
  markRevoked(grant: Grant): void;
  remove(): void;
}

/** A place in a store that marks revoked grants instead of deleting them. */
export function placeWithMark(
  store: StoreName,
  key: readonly string[],
  grants: Map<string, Grant>,
): Place {
  const name = JSON.stringify(key);
  return {
    store,
    key,
    read: () => grants.get(name),
    write: (grant) => grants.set(name, grant),
    markRevoked: (grant) => grants.set(name, { ...grant, isDead: true }),
    remove: () => grants.delete(name),
  };
}

/** Whether the access token is valid for more than `ms` milliseconds. */
export function hasLeft(grant: Grant, ms: number): boolean {
  return grant.expiresAt - Date.now() > ms;
}

/** Whether both are the same version of the grant. */
export function isSame(grant: Grant, other: Grant | undefined): boolean {
  return (
    other !== undefined &&
    grant.accessToken === other.accessToken &&
    grant.refreshToken === other.refreshToken &&
    grant.isDead === other.isDead
  );
}
