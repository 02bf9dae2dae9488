/** The rows of one store, rotated or only counted. */

import type { InstanceHandle } from '../bridge/native';
import { STORES, type StoreName } from '../stores/registry';
import { type Resealed, ResealingRun, type SealingRunOptions } from './resealing';

/** What `rotate` has found and done in one store. */
export interface RotatedStore {
  store: StoreName;
  /** The version of the key that seals; `'current'` for `ENCRYPTION_SECRET`. */
  key: string;
  /** Rows that were read. */
  rows: number;
  /** Rows that were sealed anew; with `dryRun` those that would be. */
  resealed: number;
  /** The same rows by the keys that had sealed them. */
  from: Record<string, number>;
  /** Rows with a plaintext value, which `seal` seals. */
  plaintext: number;
  /** Rows with a value that no key opens. It is left as it is. */
  unopened: number;
  /** Rows that could not be written: a transaction held them until the end, or a trigger dropped the write. */
  unwritten: number;
}

/** A rotation of a store that has looked at keys and table only. */
export interface Begun {
  name: StoreName;
  rotation: ResealingRun;
  /** The names of the keys, beginning with the one that seals. */
  keys: string[];
  hasTable: boolean;
}

/** Looks at keys and table. */
export async function begin(
  instance: () => InstanceHandle,
  name: StoreName,
  options: SealingRunOptions,
): Promise<Begun> {
  const rotation = new ResealingRun(instance, name, 'rotate', options);
  const { versions, hasTable } = await rotation.begin();
  const keys = versions.map((version) => keyName(name, Number(version)));
  return { name, rotation, keys, hasTable };
}

/** The vault's secrets have no versions. */
export function keyName(store: StoreName, version: number): string {
  if (STORES[store].keyVariable !== 'ENCRYPTION_SECRET') return `${version}`;
  return version === 0 ? 'current' : 'previous';
}

/** What a rotation has done. */
export function rotated(store: StoreName, [key = '']: string[], done: Resealed): RotatedStore {
  const { rows, resealed, plaintext, unopened, unwritten } = done;
  const from = done.from.map((of) => [keyName(store, of.version), of.rows]);
  return {
    store,
    key,
    rows,
    resealed,
    from: Object.fromEntries(from) as Record<string, number>,
    plaintext,
    unopened,
    unwritten,
  };
}
