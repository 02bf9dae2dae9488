/** The vault's `encrypt` and `decrypt`. Asynchronous, since scrypt derives the key on another thread. */

import { randomBytes } from 'node:crypto';
import type { VaultKeys } from '../../index';
import { string } from '../input/arguments';
import { bridge, call } from '../bridge/bridge';
import { variableOf } from '../input/fields';
import { native } from '../bridge/native';
import { flag } from '../settings/settings';

/**
 * Seals a text with a key derived from `ENCRYPTION_SECRET`, read at each call. Returns
 * base64(salt, iv, authTag, ciphertext). Accepts any string, as Node's crypto does.
 * @throws {ConfigurationError} if there is no valid secret
 */
export function encrypt(plaintext: string): Promise<string> {
  return call((id) =>
    native.encryptVaultValue(bridge, id, current(), string('plaintext', plaintext)),
  );
}

/**
 * Opens a value of {@link encrypt} with `ENCRYPTION_SECRET` or `ENCRYPTION_SECRET_PREVIOUS`.
 * @throws {DecryptionError} if the value cannot be opened, for any reason
 */
export async function decrypt(encrypted: string): Promise<string> {
  const [keys, text] = [current(), string('encrypted', encrypted)];
  const opened = native.decryptDerivedVaultValue(keys, text);
  return opened ?? call((id) => native.decryptVaultValue(bridge, id, keys, text));
}

/** A new secret for `ENCRYPTION_SECRET`: 32 random bytes in base64. */
export function generateEncryptionSecret(): string {
  return randomBytes(32).toString('base64');
}

const VARIABLES = ['ENCRYPTION_SECRET', 'ENCRYPTION_SECRET_PREVIOUS', 'TOKENKEEP_SALT_REUSE'];

let keys: VaultKeys | undefined;
let values: (string | undefined)[] = [];

/** The keys, read again only when a variable has changed. */
function current(): VaultKeys {
  const now = VARIABLES.map(variableOf);
  if (keys && now.every((text, index) => text === values[index])) return keys;
  const [secret, previous, salts] = now;
  const reuse = salts ? flag('TOKENKEEP_SALT_REUSE', salts) : true;
  keys = native.openVaultKeys(secret, previous || undefined, reuse);
  values = now;
  return keys;
}
