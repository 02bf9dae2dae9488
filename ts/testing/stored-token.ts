/** Which token of which store. */

import { optionalText, record, text } from '../input/arguments';
import { InvalidArgumentError } from '../errors/errors';

/** The stores. */
export type StoreName = 'gmail' | 'zoho' | 'vault' | 'calendar' | 'integration';

/** An access token by its store and the row's key, as the store's functions name it. */
export type StoredTokenKey =
  | { store: 'gmail' | 'calendar'; userId: string }
  | { store: 'zoho'; clientId: string; provider: string }
  | { store: 'vault'; tenantId: string; provider: string; identifier?: string | undefined }
  | { store: 'integration'; userId: string; provider: string };

const PARTS: Readonly<Record<StoreName, readonly string[]>> = {
  gmail: ['userId'],
  calendar: ['userId'],
  zoho: ['clientId', 'provider'],
  vault: ['tenantId', 'provider', 'identifier'],
  integration: ['userId', 'provider'],
};

/** The stores whose key begins with a UUID. */
const BY_UUID: readonly StoreName[] = ['calendar', 'vault'];

/** The parts of a key in their order; of the vault's the last is `''` where there is none. */
export function partsOf(key: StoredTokenKey): { store: StoreName; parts: string[] } {
  const given = record('key', key);
  const store = given['store'] as StoreName;
  if (!Object.hasOwn(PARTS, store)) {
    throw new InvalidArgumentError(`store: must be one of ${Object.keys(PARTS).join(', ')}`, {
      argument: 'store',
    });
  }
  const parts = PARTS[store].map((name) =>
    name === 'identifier' ? (optionalText(name, given[name]) ?? '') : text(name, given[name]),
  );
  const [first = '', ...others] = parts;
  return { store, parts: BY_UUID.includes(store) ? [first.toLowerCase(), ...others] : parts };
}
