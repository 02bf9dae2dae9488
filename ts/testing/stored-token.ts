/** The key of a stored token. */

import { optionalText, record, text } from '../input/arguments';
import { InvalidArgumentError } from '../errors/errors';
import { STORES, STORE_NAMES, type StoreName, isStoreName } from '../stores/registry';

export type { StoreName };

/** An access token by its store and the row's key. */
export type StoredTokenKey =
  | { store: 'gmail' | 'calendar'; userId: string }
  | { store: 'zoho'; clientId: string; provider: string }
  | { store: 'vault'; tenantId: string; provider: string; identifier?: string | undefined }
  | { store: 'integration'; userId: string; provider: string };

/** The parts of a key in order. The vault's identifier is `''` if absent. */
export function partsOf(key: StoredTokenKey): { store: StoreName; parts: string[] } {
  const given = record('key', key);
  const store = given['store'];
  if (!isStoreName(store)) {
    throw new InvalidArgumentError(`store: must be one of: ${STORE_NAMES.join(', ')}`, {
      argument: 'store',
    });
  }
  const { key: names, hasUuid } = STORES[store];
  const parts = names.map((name) =>
    name === 'identifier' ? (optionalText(name, given[name]) ?? '') : text(name, given[name]),
  );
  const [first = '', ...others] = parts;
  return { store, parts: hasUuid ? [first.toLowerCase(), ...others] : parts };
}
