/** `tokenkeep unseal`: turns a store's sealed values back into plaintext. */

import type { SealedStore } from '../instance/sealing';
import { configuredInstance } from './config-file';

interface Values {
  store: SealedStore;
  schema: string | undefined;
  json: boolean | undefined;
}

/** Prints how many rows were rewritten. */
export async function unseal({ store, schema, json }: Values): Promise<void> {
  const keep = await configuredInstance(schema);
  const rows = await keep.unseal({ store }).finally(() => keep.close());
  const text = json
    ? JSON.stringify({ store, rows })
    : `Unsealed ${store}: ${rows} ${rows === 1 ? 'row' : 'rows'}`;
  process.stdout.write(`${text}\n`);
}
