/** `tokenkeep seal`: seals a store's plaintext values. */

import type { SealedStore } from '../instance/sealing';
import { rowsOf, sealingRun } from './sealing-run';

interface Values {
  store: SealedStore;
  schema: string | undefined;
  json: boolean | undefined;
  'dry-run': boolean | undefined;
}

/** Prints how many rows were sealed. */
export async function seal(values: Values): Promise<void> {
  const { store, json, 'dry-run': dryRun = false } = values;
  const rows = await sealingRun(values, (keep, options) => keep.seal({ store, ...options }));
  const text = json
    ? JSON.stringify({ store, rows, dryRun })
    : `${dryRun ? 'Would seal' : 'Sealed'} ${store}: ${rowsOf(rows)}`;
  process.stdout.write(`${text}\n`);
}
