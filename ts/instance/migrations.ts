/** Migrations, as a function. */

import type { Bridge, InstanceOptions } from '../../index';
import { record } from '../input/arguments';
import { bridge, promised } from '../bridge/bridge';
import { InvalidArgumentError } from '../errors/errors';
import { native } from '../bridge/native';
import type { StoreName } from '../stores/registry';

/** Which tables, and what to do with rows that stand in the way of a unique key. */
export interface MigrateOptions {
  /** The stores whose tables are wanted. */
  stores: StoreName[];
  /** `'newest'`: of several rows with one key the newest is kept. By default that is an error. */
  keep?: 'newest';
}

const migrateNative = promised<string[], Bridge, [InstanceOptions, string[], boolean]>(
  native.migrate,
);

/** Safe when several processes start at once. Gives what had to be left out, as sentences. */
export async function runMigrations(
  settings: InstanceOptions,
  options: MigrateOptions,
): Promise<string[]> {
  const { stores, keep } = record('options', options);
  if (!Array.isArray(stores) || !stores.every((store) => typeof store === 'string')) {
    throw new InvalidArgumentError("stores: must be an array, such as ['gmail']", {
      argument: 'stores',
    });
  }
  if (keep !== undefined && keep !== 'newest') {
    throw new InvalidArgumentError("keep: must be 'newest' or left out", { argument: 'keep' });
  }
  return migrateNative(bridge, settings, stores, keep === 'newest');
}
