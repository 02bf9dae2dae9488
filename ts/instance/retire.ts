/** What still needs a key that is to be removed. */

import { call } from '../bridge/bridge';
import { listOf, recordReader } from '../bridge/layouts';
import { type InstanceHandle, native } from '../bridge/native';
import { InvalidArgumentError } from '../errors/errors';
import { STORES, STORE_NAMES, type StoreName } from '../stores/registry';
import type { SealingRunOptions } from './resealing';
import { type Begun, type RotatedStore, begin, rotated } from './rotated-store';

/** What needs a key. */
export interface KeyUse {
  /** A store's name, or `tokenkeep.oauth_state`: connect links and pending authorizations, signed with the key. */
  where: StoreName | 'tokenkeep.oauth_state';
  /** The key's version, or `'previous'`. */
  key: string;
  rows: number;
  /** When the last of them expires; only for `tokenkeep.oauth_state`. */
  until?: Date;
}

/** A key that is to be removed. */
export interface RetiredKey {
  /** Its version, or `'previous'`. */
  key: string;
  /** The variables that have a key of this name. */
  variables: string[];
  /** What still needs it. If this is empty, it can be removed from the variables in every process. */
  neededBy: KeyUse[];
}

type KeyVariable = (typeof STORES)[StoreName]['keyVariable'];

/** A key that may be removed. */
export interface Retired {
  key: string;
  /** The variables that have this key. */
  variables: KeyVariable[];
}

/** Checks that a key can be removed at all: that there is one, and that it does not seal. */
export function keyToRetire(retire: number | 'previous', begun: readonly Begun[]): Retired {
  const key = String(retire);
  const seals = begun.find(({ keys }) => keys[0] === key);
  if (seals) {
    const variable = STORES[seals.name].keyVariable;
    refuse(
      'retire',
      `key ${key} is the first of ${variable}, which seals. Put the new key first, or name the stores of another variable`,
    );
  }
  const having = begun.filter(({ keys }) => keys.includes(key));
  if (having.length === 0) {
    const known = begun.map(({ name, keys }) => `${STORES[name].keyVariable} has ${keys.join()}`);
    refuse('retire', `there is no key ${key}: ${[...new Set(known)].join('; ')}`);
  }
  return { key, variables: [...new Set(having.map(({ name }) => STORES[name].keyVariable))] };
}

/** The rows that need a key, in all stores that share its variable: found by opening them. */
export async function usesOf(
  instance: () => InstanceHandle,
  { key, variables }: Retired,
  options: SealingRunOptions,
  rotatedStores: readonly RotatedStore[],
): Promise<KeyUse[]> {
  const uses: KeyUse[] = [];
  for (const name of STORE_NAMES) {
    if (!variables.includes(STORES[name].keyVariable)) continue;
    const seen = options.dryRun ? rotatedStores.find(({ store }) => store === name) : undefined;
    const rows = (seen ?? (await counted(instance, name, options))).from[key] ?? 0;
    if (rows > 0) uses.push({ where: name, key, rows });
  }
  return uses;
}

async function counted(
  instance: () => InstanceHandle,
  name: StoreName,
  options: SealingRunOptions,
): Promise<Pick<RotatedStore, 'from'>> {
  const dry = { ...options, dryRun: true };
  const { rotation, keys, hasTable } = await begin(instance, name, dry);
  return hasTable ? rotated(name, keys, await rotation.toTheEnd()) : { from: {} };
}

interface PendingUse {
  version: number;
  rows: number;
  expiresInMs: number;
}

const readUse = recordReader<PendingUse>(
  'PendingUse',
  ({ version, rows, expiresInMs }) =>
    (fields, at) => ({
      version: fields[at + version] as number,
      rows: fields[at + rows] as number,
      expiresInMs: fields[at + expiresInMs] as number,
    }),
);

const readUses = recordReader<{ uses: PendingUse[] }>(
  'PendingUses',
  ({ uses }, size) =>
    (fields, at) => ({
      uses: listOf(readUse, fields[at + uses] as number, fields, at + size),
    }),
);

/** What waits for a user, by the earlier keys that have signed it. */
export async function pendingOf(
  instance: () => InstanceHandle,
  begun: readonly Begun[],
): Promise<KeyUse[]> {
  const [first] = begun.find(({ name }) => STORES[name].keyVariable === 'TOKENKEEP_KEY')!.keys;
  const { uses } = await call<{ uses: PendingUse[] }>(
    (id) => native.pendingByKey(instance(), id),
    readUses,
  );
  return uses
    .filter(({ version }) => `${version}` !== first)
    .map(({ version, rows, expiresInMs }) => ({
      where: 'tokenkeep.oauth_state',
      key: `${version}`,
      rows,
      until: new Date(Date.now() + expiresInMs),
    }));
}

function refuse(argument: string, reason: string): never {
  throw new InvalidArgumentError(`${argument}: ${reason}`, { argument });
}
