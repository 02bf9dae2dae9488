/** `rotate` and `seal`. */

import { optionalFunction, optionalTexts, optionsOf, record, text } from '../input/arguments';
import type { InstanceHandle } from '../bridge/native';
import {
  ConfigurationError,
  InvalidArgumentError,
  RowLockedError,
  SchemaError,
} from '../errors/errors';
import type { Settings } from '../settings/settings';
import { STORES, STORE_NAMES, type StoreName, isStoreName } from '../stores/registry';
import { ResealingRun, type SealingRunOptions } from './resealing';
import { type KeyUse, type RetiredKey, keyToRetire, pendingOf, usesOf } from './retire';
import { type RotatedStore, begin, rotated } from './rotated-store';
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

/** The result of `rotate`. */
export interface RotateResult {
  /** Every store that was rotated and has a table. */
  stores: RotatedStore[];
  /** Connect links and pending authorizations by the earlier keys that have signed them. They expire by themselves. */
  pending: KeyUse[];
  /** Only with `retire`. */
  retire?: RetiredKey;
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

/** For a tenant, whose rows alone could be looked at: the other tenants may need the key. */
export function refuseRetire(options: RotateOptions): void {
  if (record('options', options)['retire'] === undefined) return;
  refuse('retire', 'must be used without a tenant, since the rows of the others may need the key');
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

function noTable(store: StoreName): SchemaError {
  return new SchemaError(
    `There is no table ${STORES[store].table}. Run: npx tokenkeep migrate --store ${store}`,
  );
}

function refuse(argument: string, reason: string): never {
  throw new InvalidArgumentError(`${argument}: ${reason}`, { argument });
}
