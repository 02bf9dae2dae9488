/** What refreshes have left behind in schema `tokenkeep`, looked at and changed without tokenkeep. */

import type { TestDatabase } from './database';

export interface State {
  client: string | null;
  token: string | null;
  error_code: string | null;
  failures: number;
  /** Milliseconds from the last failure to the next try. */
  pauseMs: number | null;
}

/** What is remembered of the row with this key. */
export async function stateOf(
  { client }: TestDatabase,
  store: string,
  key: (string | null)[],
): Promise<State | undefined> {
  const { rows } = await client.query(
    `SELECT client, token, error_code, failures,
       extract(epoch FROM retry_at - failed_at)::float8 * 1000 AS "pauseMs"
     FROM tokenkeep.refresh_state WHERE store = $1 AND key = $2`,
    [store, key],
  );
  return rows[0];
}

/** Has every pause run out, after which a provider that has refused is asked again. */
export async function endPauses({ client }: TestDatabase): Promise<void> {
  await client.query(
    `UPDATE tokenkeep.refresh_state SET retry_at = clock_timestamp(),
       failed_at = failed_at - (retry_at - clock_timestamp()) WHERE retry_at IS NOT NULL`,
  );
}
