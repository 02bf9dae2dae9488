/** Which stores are checked. */

import { STORES, STORE_NAMES } from '../../stores/registry';
import type { Contents, Store } from './findings';

/** The stores whose variables are set. */
export function configuredStores(env: NodeJS.ProcessEnv): Store[] {
  return STORE_NAMES.filter((store) => STORES[store].variables.some((name) => env[name]));
}

/**
 * The stores whose tables exist. A table of the same name may belong to something else: then it lacks
 * columns, and was never migrated.
 */
export function storesWithTables({ tables, bookkeeping }: Contents): Store[] {
  const applied = ('found' in bookkeeping && bookkeeping.found.applied) || [];
  const isOurs = (store: Store): boolean => {
    const table = tables[store];
    if (!table || 'failed' in table) return false;
    if (applied.some((row) => row.store === store)) return true;
    const { access, differences } = table.found;
    return (
      access !== null &&
      !(differences && 'found' in differences && differences.found.blocking.length > 0)
    );
  };
  return STORE_NAMES.filter(isOurs);
}
