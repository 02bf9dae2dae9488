/** `tokenkeep migrate`: the tables of the named stores, in the database of the environment. */

import { createTokenKeep } from '../instance/instance';
import type { MigrateOptions } from '../instance/migrations';
import type { TokenKeepOptions } from '../settings/settings';
import { UsageError, flags } from './usage';

/** Prints what was done, and what had to be left out. */
export async function migrate(args: string[]): Promise<void> {
  const { values } = flags(args, {
    store: { type: 'string', multiple: true },
    schema: { type: 'string' },
    keep: { type: 'string' },
    json: { type: 'boolean' },
  });
  if (!values.store) throw new UsageError('migrate needs --store, such as --store gmail');
  const options: TokenKeepOptions = values.schema === undefined ? {} : { schema: values.schema };
  const keep = createTokenKeep(options);
  const wanted = { stores: values.store, keep: values.keep } as MigrateOptions;
  const leftOut = await keep.migrate(wanted);
  await keep.close();
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ stores: values.store, leftOut })}\n`);
    return;
  }
  process.stdout.write(`Up to date: ${values.store.join(', ')}\n`);
  for (const sentence of leftOut) process.stdout.write(`  ${sentence}\n`);
  if (leftOut.some((sentence) => sentence.includes('foreign key'))) {
    process.stdout.write('A later run makes a foreign key that was left out.\n');
  }
}
