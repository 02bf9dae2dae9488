/** `tokenkeep unseal`: a store's values become plaintext again. */

import { createTokenKeep } from '../instance/instance';
import type { UnsealOptions } from '../instance/sealing';
import type { TokenKeepOptions } from '../settings/settings';
import { UsageError, flags } from './usage';

/** Prints how many rows were rewritten. */
export async function unseal(args: string[]): Promise<void> {
  const { values } = flags(args, {
    store: { type: 'string' },
    schema: { type: 'string' },
    json: { type: 'boolean' },
  });
  const { store, schema } = values;
  if (!store) throw new UsageError('unseal needs --store, such as --store zoho');
  const options: TokenKeepOptions = schema === undefined ? {} : { schema };
  const keep = createTokenKeep(options);
  const rows = await keep.unseal({ store } as UnsealOptions).finally(() => keep.close());
  const text = values.json
    ? JSON.stringify({ store, rows })
    : `Unsealed ${store}: ${rows} ${rows === 1 ? 'row' : 'rows'}`;
  process.stdout.write(`${text}\n`);
}
