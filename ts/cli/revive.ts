/** `tokenkeep revive`: clears the mark of connections that were marked as revoked. */

import type { ReviveOptions } from '../instance/revive';
import { configuredInstance } from './config-file';
import { UsageError } from './usage';

interface Values {
  store: ReviveOptions['store'];
  since: string | undefined;
  schema: string | undefined;
  json: boolean | undefined;
}

/** Prints how many rows it has changed. */
export async function revive({ store, since: from, schema, json }: Values): Promise<void> {
  const since = from === undefined ? undefined : moment(from);
  const keep = await configuredInstance(schema);
  const rows = await keep.revive({ store, since }).finally(() => keep.close());
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
