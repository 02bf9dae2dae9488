/** Makes stored tokens expire. */

import { InvalidArgumentError, NotConnectedError } from '../errors/errors';
import type { FakeTokenKeep } from './fake/instance';
import { quoted, run } from './postgres/statement';
import { STORES } from '../stores/registry';
import { type StoreName, type StoredTokenKey, partsOf } from './stored-token';

const PAST = "clock_timestamp() - interval '1 minute'";

/** For each store the rest of the UPDATE that makes an access token expire. */
const UPDATES: Readonly<Record<StoreName, string>> = {
  gmail: `expires_at = ${PAST} WHERE user_id = $1`,
  calendar: `token_expiry = ${PAST} WHERE user_id = $1`,
  // A timestamp without time zone, in UTC.
  zoho: `token_expiry = (${PAST}) AT TIME ZONE 'UTC' WHERE client_id = $1 AND provider = $2`,
  vault: `expires_at = ${PAST} WHERE tenant_id = $1 AND provider = $2
     AND token_type = 'access_token' AND coalesce(identifier, '') = $3`,
  integration: `expires_at = ${PAST} WHERE user_id = $1 AND provider = $2`,
};

/**
 * Sets the expiry of a stored access token to one minute ago, so that the next call refreshes it. `target` is
 * the URL of a database, whose role must own the tables, or the result of `fakeTokenKeep`.
 * @throws {NotConnectedError} if no such token is stored
 */
export async function expireToken(
  target: string | FakeTokenKeep,
  key: StoredTokenKey,
): Promise<void> {
  const { store, parts } = partsOf(key);
  if (!(await expire(target, store, parts))) {
    const name = parts.filter(Boolean).join(', ');
    throw new NotConnectedError(`The store ${store} has no access token for ${name}`);
  }
}

/** Returns whether there was such a token. */
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
