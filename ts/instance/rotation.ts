/** `rotate` and `seal`. */

import { optionalFunction, optionalTexts, optionsOf, text } from '../input/arguments';
import { call } from '../bridge/bridge';
import { listOf, recordReader } from '../bridge/layouts';
import { type InstanceHandle, native } from '../bridge/native';
import {
  ConfigurationError,
  InvalidArgumentError,
  RowLockedError,
  SchemaError,
} from '../errors/errors';
import type { Settings } from '../settings/settings';
import { STORES, STORE_NAMES, type StoreName, isStoreName } from '../stores/registry';
import { type Resealed, ResealingRun, type SealingRunOptions } from './resealing';
import type { SealedStore } from './sealing';

/** Which values `rotate` seals anew. */
export interface RotateOptions extends SealingRunOptions {
  /** One store or several. Default: every store whose key is set and whose table exists. */
  store?: StoreName | readonly StoreName[] | undefined;
  /**
   * A key that is to be removed: its version, or `'previous'` for `ENCRYPTION_SECRET_PREVIOUS`. Afterwards all stores
   * that share its variable are read again, and the result says what still needs it.
   */
  retire?: number | 'previous' | undefined;
}

/** The store whose plaintext values are sealed. */
export interface SealOptions extends SealingRunOptions {
  store: SealedStore;
}

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

/** The result of `rotate`. */
export interface RotateResult {
  /** Every store that was rotated and has a table. */
  stores: RotatedStore[];
  /** Connect links and pending authorizations by the earlier keys that have signed them. They expire by themselves. */
  pending: KeyUse[];
  /** Only with `retire`. */
  retire?: RetiredKey;
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

/** The option with the key of each variable. */
const KEYS = {
  GMAIL_ENCRYPTION_KEY: 'gmailEncryptionKey',
  TOKENKEEP_KEY: 'tokenkeepKey',
  ENCRYPTION_SECRET: 'encryptionSecret',
} as const;

const OF_RUN = ['dryRun', 'signal', 'onProgress'] as const;

/** Seals plaintext values; returns the number of rows. */
export async function runSeal(
  instance: () => InstanceHandle,
  options: SealOptions,
): Promise<number> {
  const { store: name, ...run } = optionsOf(options, ['store', ...OF_RUN]);
  const store = text('store', name) as SealedStore;
  const sealing = new ResealingRun(instance, store, 'seal', runOptions(run));
  if (!(await sealing.begin()).hasTable) throw noTable(store);
  const { resealed, unwritten } = await sealing.toTheEnd();
  if (unwritten > 0) {
    throw new RowLockedError(
      `seal: ${unwritten} rows of ${store} could not be written, since other transactions held them or a trigger dropped the write. Run it again`,
    );
  }
  return resealed;
}

/** Seals values of earlier keys with the first one. */
export async function runRotate(
  instance: () => InstanceHandle,
  settings: Settings,
  options: RotateOptions,
): Promise<RotateResult> {
  const { store, retire, ...given } = optionsOf(options, ['store', 'retire', ...OF_RUN]);
  const run = runOptions(given);
  const named = storesOf(store);
  const names = named ?? storesWithKey(settings);
  const begun = await Promise.all(names.map((name) => begin(instance, name, run)));
  const missing = named && begun.find(({ hasTable }) => !hasTable);
  if (missing) throw noTable(missing.name);
  const retired = retire === undefined ? undefined : keyToRetire(retire, begun);
  const stores: RotatedStore[] = [];
  for (const { name, rotation, keys, hasTable } of begun) {
    if (hasTable) stores.push(rotated(name, keys, await rotation.toTheEnd()));
  }
  const isSigning = names.some((name) => STORES[name].keyVariable === 'TOKENKEEP_KEY');
  const pending = isSigning ? await pendingOf(instance, begun) : [];
  if (!retired) return { stores, pending };
  const uses = await usesOf(instance, retired, run, stores);
  const isOfPending = retired.variables.includes('TOKENKEEP_KEY');
  const waiting = pending.filter(({ key }) => isOfPending && key === retired.key);
  return { stores, pending, retire: { ...retired, neededBy: [...uses, ...waiting] } };
}

function runOptions({ dryRun, signal, onProgress }: SealingRunOptions): SealingRunOptions {
  if (dryRun !== undefined && typeof dryRun !== 'boolean') refuse('dryRun', 'must be a boolean');
  if (signal !== undefined && typeof signal?.throwIfAborted !== 'function') {
    refuse('signal', 'must be an AbortSignal');
  }
  return { dryRun, signal, onProgress: optionalFunction('onProgress', onProgress) };
}

function storesOf(store: RotateOptions['store']): StoreName[] | undefined {
  const named = typeof store === 'string' ? [store] : optionalTexts('store', store);
  if (named?.every(isStoreName) ?? true) return named as StoreName[] | undefined;
  return refuse('store', `must be one of: ${STORE_NAMES.join(', ')}`);
}

function storesWithKey(settings: Settings): StoreName[] {
  const found = STORE_NAMES.filter((name) => settings.text(KEYS[STORES[name].keyVariable]));
  if (found.length > 0) return found;
  const variables = Object.keys(KEYS).join(', ');
  throw new ConfigurationError(`${variables}: none of them is set, so there is nothing to rotate`, {
    option: 'TOKENKEEP_KEY',
  });
}

interface Begun {
  name: StoreName;
  rotation: ResealingRun;
  /** The names of the keys, beginning with the one that seals. */
  keys: string[];
  hasTable: boolean;
}

async function begin(
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
function keyName(store: StoreName, version: number): string {
  if (STORES[store].keyVariable !== 'ENCRYPTION_SECRET') return `${version}`;
  return version === 0 ? 'current' : 'previous';
}

function rotated(store: StoreName, [key = '']: string[], done: Resealed): RotatedStore {
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

type KeyVariable = keyof typeof KEYS;

interface Retired {
  key: string;
  /** The variables that have this key. */
  variables: KeyVariable[];
}

function keyToRetire(retire: number | 'previous', begun: readonly Begun[]): Retired {
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
async function usesOf(
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
async function pendingOf(
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

function noTable(store: StoreName): SchemaError {
  return new SchemaError(
    `There is no table ${STORES[store].table}. Run: npx tokenkeep migrate --store ${store}`,
  );
}

function refuse(argument: string, reason: string): never {
  throw new InvalidArgumentError(`${argument}: ${reason}`, { argument });
}
