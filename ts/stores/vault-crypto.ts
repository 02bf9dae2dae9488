/** The vault's `encrypt` and `decrypt`: asynchronous, with a key that scrypt derives elsewhere. */

import { randomBytes } from 'node:crypto';
import type { Bridge, VaultKeys } from '../../index';
import { string } from '../input/arguments';
import { bridge, promised } from '../bridge/bridge';
import { env } from '../input/fields';
import { native } from '../bridge/native';
import { flag } from '../settings/settings';

const encryptNative = promised<string, Bridge, [VaultKeys, string]>(native.encryptVaultValue);
const decryptNative = promised<string, Bridge, [VaultKeys, string]>(native.decryptVaultValue);

/**
 * Seals a text with a key derived from `ENCRYPTION_SECRET`, read at the call. Gives
 * base64(salt, iv, authTag, ciphertext). Takes any string that Node's crypto takes.
 * @throws {ConfigurationError} when there is no usable secret
 */
export async function encrypt(plaintext: string): Promise<string> {
  return encryptNative(bridge, current(), string('plaintext', plaintext));
}

/**
 * Opens what {@link encrypt} sealed, with `ENCRYPTION_SECRET` or `ENCRYPTION_SECRET_PREVIOUS`.
 * @throws {DecryptionError} whatever was wrong
 */
export async function decrypt(encrypted: string): Promise<string> {
  const [keys, text] = [current(), string('encrypted', encrypted)];
  return native.decryptDerivedVaultValue(keys, text) ?? decryptNative(bridge, keys, text);
}

/** A new secret for `ENCRYPTION_SECRET`: 32 random bytes in base64. */
export function generateEncryptionSecret(): string {
  return randomBytes(32).toString('base64');
}

let keys: VaultKeys | undefined;
let said: (string | undefined)[] = [];

/** The secrets, taken over once for as long as the variables stay the same. */
function current(): VaultKeys {
  const { ENCRYPTION_SECRET, ENCRYPTION_SECRET_PREVIOUS, TOKENKEEP_SALT_REUSE } = env;
  const now = [ENCRYPTION_SECRET, ENCRYPTION_SECRET_PREVIOUS, TOKENKEEP_SALT_REUSE];
  if (keys && now.every((text, index) => text === said[index])) return keys;
  const reuse = TOKENKEEP_SALT_REUSE ? flag('TOKENKEEP_SALT_REUSE', TOKENKEEP_SALT_REUSE) : true;
  keys = new native.VaultKeys(ENCRYPTION_SECRET, ENCRYPTION_SECRET_PREVIOUS || undefined, reuse);
  said = now;
  return keys;
}
