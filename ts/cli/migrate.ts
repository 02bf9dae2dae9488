/** `tokenkeep migrate`: the tables of the named stores, in the database of the environment. */

import { createTokenKeep } from '../instance/instance';
import type { MigrateOptions } from '../instance/migrations';

interface Values {
  store: MigrateOptions['stores'];
  schema: string | undefined;
  keep: MigrateOptions['keep'];
  json: boolean | undefined;
}

/** Prints what was done, and what was left out. */
export async function migrate({ store: stores, schema, keep, json }: Values): Promise<void> {
  const instance = createTokenKeep(schema === undefined ? {} : { schema });
  const options = keep === undefined ? { stores } : { stores, keep };
  const leftOut = await instance.migrate(options).finally(() => instance.close());
  process.stdout.write(json ? `${JSON.stringify({ stores, leftOut })}\n` : report(stores, leftOut));
}

function report(stores: readonly string[], leftOut: readonly string[]): string {
  const lines = [`Up to date: ${stores.join(', ')}`, ...leftOut.map((each) => `  ${each}`)];
  if (leftOut.some((sentence) => sentence.includes('foreign key'))) {
    lines.push('tokenkeep works without these foreign keys; run migrate again to add them later.');
  }
  return `${lines.join('\n')}\n`;
}
