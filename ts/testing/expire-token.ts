/** Tokens that have run out, without waiting for it. */

import { InvalidArgumentError, NotConnectedError } from '../errors/errors';
import type { FakeTokenKeep } from './fake/keep';
import { quoted, run } from './postgres/statement';
import { STORES } from '../stores/registry';
import { type StoreName, type StoredTokenKey, partsOf } from './stored-token';

const PAST = "clock_timestamp() - interval '1 minute'";

/** What expires a row of a store: the rest of an UPDATE, by the parts of the key. */
const UPDATES: Readonly<Record<StoreName, string>> = {
  gmail: `expires_at = ${PAST} WHERE user_id = $1`,
  calendar: `token_expiry = ${PAST} WHERE user_id = $1`,
  // The column has no time zone and holds UTC.
  zoho: `token_expiry = (${PAST}) AT TIME ZONE 'UTC' WHERE client_id = $1 AND provider = $2`,
  vault: `expires_at = ${PAST} WHERE tenant_id = $1 AND provider = $2
     AND token_type = 'access_token' AND coalesce(identifier, '') = $3`,
  integration: `expires_at = ${PAST} WHERE user_id = $1 AND provider = $2`,
};

/**
 * Has a stored access token run out a minute ago, so that the next call refreshes it. `target` is the
 * URL of a database, whose role must own the tables, or what `fakeTokenKeep` gave.
 * @throws {NotConnectedError} when no such token is stored
 */
export async function expireToken(
  target: string | FakeTokenKeep,
  key: StoredTokenKey,
): Promise<void> {
  const { store, parts } = partsOf(key);
  if (!(await expire(target, store, parts))) {
    const name = parts.filter(Boolean).join(', ');
    throw new NotConnectedError(`No access token of ${name} is stored in ${store}`);
  }
}

/** Gives whether there was one. */
async function expire(
  target: string | FakeTokenKeep,
  store: StoreName,
  parts: string[],
): Promise<boolean> {
  if (typeof target === 'object' && target !== null && 'expire' in target) {
    return target.expire(store, parts);
  }
  if (typeof target !== 'string' || !URL.canParse(target)) {
    throw new InvalidArgumentError('target: must be the URL of a database, or a fakeTokenKeep()', {
      argument: 'target',
    });
  }
  const schema = new URL(target).searchParams.get('schema');
  const { table } = STORES[store];
  const named = schema ? `${quoted(schema)}.${table}` : table;
  return (await run(target, `UPDATE ${named} SET ${UPDATES[store]}`, parts)).count > 0;
}
