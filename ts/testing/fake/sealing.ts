/** Values that look sealed but are only encoded. */

import { text } from '../../input/arguments';
import { DecryptionError } from '../../errors/errors';
import type { TokenKeep } from '../../instance/instance';

const PREFIX = 'tk1.fake.';

/** Encodes a string for one column of one row. */
export const sealValue: TokenKeep['sealValue'] = (store, column, key, value) => {
  const json = JSON.stringify([place(store, column, key), text('text', value)]);
  return PREFIX + Buffer.from(json).toString('base64url');
};

/** Decodes a value for this column of this row; returns plaintext as it is. */
export const openValue: TokenKeep['openValue'] = (store, column, key, stored) => {
  if (!text('stored', stored).startsWith('tk1.')) return stored;
  try {
    const json = Buffer.from(stored.slice(PREFIX.length), 'base64url').toString();
    const [sealedFor, value] = JSON.parse(json) as [string, string];
    if (sealedFor === place(store, column, key)) return value;
  } catch {
    // Not one of ours.
  }
  throw new DecryptionError('Decryption failed: the value was not sealed for this row');
};

function place(store: string, column: string, key: readonly string[]): string {
  return JSON.stringify([store, column, ...key]);
}
