/** `migrate`. */

import type { InstanceOptions } from '../../index';
import { optionsOf } from '../input/arguments';
import { bridge, call } from '../bridge/bridge';
import { InvalidArgumentError } from '../errors/errors';
import { native } from '../bridge/native';
import type { StoreName } from '../stores/registry';

/** Which tables to migrate, and what to do with rows that violate a new unique key. */
export interface MigrateOptions {
  /** The stores whose tables are migrated. */
  stores: StoreName[];
  /** `'newest'`: deletes all but the newest of several rows with the same key. Default: they are an error. */
  keep?: 'newest';
}

/** Safe when several processes start at once. Returns the changes that it had to omit, as sentences. */
export async function runMigrations(
  settings: InstanceOptions,
  options: MigrateOptions,
): Promise<string[]> {
  const { stores, keep } = optionsOf(options, ['stores', 'keep']);
  if (!Array.isArray(stores) || !stores.every((store) => typeof store === 'string')) {
    throw new InvalidArgumentError("stores: must be an array, such as ['gmail']", {
      argument: 'stores',
    });
  }
  if (keep !== undefined && keep !== 'newest') {
    throw new InvalidArgumentError("keep: must be 'newest' if given", { argument: 'keep' });
  }
  return call((id) => native.migrate(bridge, id, settings, stores, keep === 'newest'));
}
