/** Which stores are checked. */

import type { Contents, Store } from './findings';

export const STORES: readonly Store[] = ['gmail', 'zoho', 'vault', 'calendar', 'integration'];

/** A store with one of these variables is checked, whether its table exists or not. */
const VARIABLES: Record<Store, readonly string[]> = {
  gmail: ['GMAIL_ENCRYPTION_KEY'],
  zoho: ['ZOHO_REFRESH_TOKEN', 'TOKENKEEP_ZOHO_TOKEN_URL'],
  vault: ['ENCRYPTION_SECRET'],
  calendar: [],
  integration: [],
};

/** The stores whose variables are set. */
export function configuredStores(env: NodeJS.ProcessEnv): Store[] {
  return STORES.filter((store) => VARIABLES[store].some((name) => env[name]));
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
    const { access, shape } = table.found;
    return access !== null && !(shape && 'found' in shape && shape.found.hindering.length > 0);
  };
  return STORES.filter(isOurs);
}
