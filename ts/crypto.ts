/** `tokenkeep/crypto`: `encryptToken` and `decryptToken`, synchronous. */

import type { GmailKeys } from '../index';
import { string } from './input/arguments';
import { orThrow } from './bridge/failure';
import { variableOf } from './input/fields';
import { native } from './bridge/native';

const BEYOND_LATIN_1 = /[\u0100-\uffff]/;

let keys: GmailKeys | undefined;
let keysText: string | undefined;

/**
 * Seals a string with the first key of `GMAIL_ENCRYPTION_KEY`, read at each call. Returns
 * `iv_hex:authTag_hex:ciphertext_hex` (AES-256-GCM, 12-byte IV, 16-byte tag), which Node's crypto can open.
 * Accepts any string, as Node's crypto does.
 * @throws {ConfigurationError} if there is no valid key
 */
export function encryptToken(plaintext: string): string {
  return orThrow(native.encryptToken(current(), string('plaintext', plaintext)));
}

/**
 * Opens a value of {@link encryptToken} or of Node's crypto with any key of `GMAIL_ENCRYPTION_KEY`.
 * @throws {DecryptionError} if the value cannot be opened, for any reason
 */
export function decryptToken(encryptedStr: string): string {
  const sealed = string('encryptedStr', encryptedStr);
  // No sealed value has such a character, of which the addon would read only the lower byte.
  return orThrow(native.decryptToken(current(), BEYOND_LATIN_1.test(sealed) ? '' : sealed));
}

/** The keys, parsed again only when the variable has changed. */
function current(): GmailKeys {
  const text = variableOf('GMAIL_ENCRYPTION_KEY');
  if (keys && text === keysText) return keys;
  keys = native.openGmailKeys(text);
  keysText = text;
  return keys;
}
