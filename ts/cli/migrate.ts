/** `tokenkeep migrate`: the tables of the named stores, in the database of the environment. */

import type { MigrateOptions } from '../instance/migrations';
import { configuredInstance } from './config-file';

interface Values {
  store: MigrateOptions['stores'];
  schema: string | undefined;
  keep: MigrateOptions['keep'];
  json: boolean | undefined;
}

/** Prints what was done, and what was left out. */
export async function migrate({ store: stores, schema, keep, json }: Values): Promise<void> {
  const instance = await configuredInstance(schema);
  const options = keep === undefined ? { stores } : { stores, keep };
  const leftOut = await instance.migrate(options).finally(() => instance.close());
  process.stdout.write(json ? `${JSON.stringify({ stores, leftOut })}\n` : report(stores, leftOut));
}

function report(stores: readonly string[], leftOut: readonly string[]): string {
  // The core does not say whether a table was made, changed or complete: this is true of all three.
  const lines = [`Tables ready: ${stores.join(', ')}`, ...leftOut.map((each) => `  ${each}`)];
  if (leftOut.length > 0) lines.push(`tokenkeep works without what was left out.${later(leftOut)}`);
  return `${lines.join('\n')}\n`;
}

/** What another run can add: row-level security is never switched on in a table that is there. */
function later(leftOut: readonly string[]): string {
  const hasForeignKey = leftOut.some((sentence) => sentence.includes('foreign key'));
  return hasForeignKey ? ' To add foreign keys later, run migrate again.' : '';
}
