/** `tokenkeep revive`: connections that were marked dead are tried again. */

import { createTokenKeep } from '../instance/instance';
import type { ReviveOptions } from '../instance/revive';
import { UsageError, flags } from './usage';

/** Prints how many rows were marked. */
export async function revive(args: string[]): Promise<void> {
  const { values } = flags(args, {
    store: { type: 'string' },
    since: { type: 'string' },
    schema: { type: 'string' },
    json: { type: 'boolean' },
  });
  const { store, schema, json } = values;
  if (!store) throw new UsageError('revive needs --store, such as --store integration');
  const since = values.since === undefined ? undefined : moment(values.since);
  const keep = createTokenKeep(schema === undefined ? {} : { schema });
  const options = { store, since } as ReviveOptions;
  const rows = await keep.revive(options).finally(() => keep.close());
  const text = json
    ? JSON.stringify({ store, rows })
    : `Revived ${store}: ${rows} ${rows === 1 ? 'row' : 'rows'}`;
  process.stdout.write(`${text}\n`);
}

function moment(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(Number(date))) {
    throw new UsageError('--since must be a date, such as 2031-02-03T04:05:06Z');
  }
  return date;
}
