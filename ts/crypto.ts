/** `tokenkeep/crypto`: `encryptToken` and `decryptToken`, synchronous. */

import type { GmailKeys } from '../index';
import { string } from './input/arguments';
import { ConfigurationError } from './errors/errors';
import { attempt } from './errors/failure';
import { env } from './input/fields';
import { native } from './bridge/native';

let keys: GmailKeys | undefined;
let keysText: string | undefined;

/**
 * Seals a text with the first key of `GMAIL_ENCRYPTION_KEY`, read at the call. Gives
 * `iv_hex:authTag_hex:ciphertext_hex` (AES-256-GCM, 12-byte IV, 16-byte tag), which Node's crypto
 * opens, too. Takes any string that Node's crypto takes.
 * @throws {ConfigurationError} when there is no usable key
 */
export function encryptToken(plaintext: string): string {
  return attempt(() => native.encryptToken(current(), string('plaintext', plaintext)));
}

/**
 * Opens what {@link encryptToken} or Node's crypto sealed, with any key of `GMAIL_ENCRYPTION_KEY`.
 * @throws {DecryptionError} whatever was wrong
 */
export function decryptToken(encryptedStr: string): string {
  return attempt(() => native.decryptToken(current(), string('encryptedStr', encryptedStr)));
}

/** The keys, parsed once for as long as the variable stays the same. */
function current(): GmailKeys {
  const text = env['GMAIL_ENCRYPTION_KEY'];
  if (keys && text === keysText) return keys;
  if (!text) {
    throw new ConfigurationError(
      'GMAIL_ENCRYPTION_KEY: is not set. Make a key with: npx tokenkeep keygen',
    );
  }
  keys = new native.GmailKeys(text);
  keysText = text;
  return keys;
}
