/** What all stores have in common: tokens that expire and are refreshed. */

import type { StoreName } from '../stored-token';

/** A user's tokens, whatever the store. Never changed, only replaced. */
export interface Grant {
  readonly accessToken: string;
  /** `''`: there is none. */
  readonly refreshToken: string;
  /** In milliseconds since 1970; `Infinity`: for ever. */
  readonly expiresAt: number;
  readonly scopes: readonly string[];
  /** Whether the provider, or the user, has ended it. */
  readonly isDead: boolean;
  /** When it was last refreshed, in milliseconds since 1970. */
  readonly refreshedAt?: number | undefined;
}

/** Where a grant is kept. */
export interface Place {
  readonly store: StoreName;
  /** The parts of the row's key. */
  readonly key: readonly string[];
  read(): Grant | undefined;
  write(grant: Grant): void;
  /** The store's ending of a grant that is dead: deletes or marks it. */
  end(grant: Grant): void;
  remove(): void;
}

/** A place of a store that marks what is dead, instead of deleting it. */
export function markingPlace(
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
    end: (grant) => grants.set(name, { ...grant, isDead: true }),
    remove: () => grants.delete(name),
  };
}

/** Whether more than so many milliseconds are left. */
export function hasLeft(grant: Grant, ms: number): boolean {
  return grant.expiresAt - Date.now() > ms;
}

/** Whether nobody has stored other tokens since. */
export function isSame(grant: Grant, other: Grant | undefined): boolean {
  return (
    other !== undefined &&
    grant.accessToken === other.accessToken &&
    grant.refreshToken === other.refreshToken &&
    grant.isDead === other.isDead
  );
}
