import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';

const deriveKey = promisify(scrypt);

const ALGORITHM = 'aes-256-gcm';
const KEY_LENGTH = 32;
const SALT_LENGTH = 16;
const IV_LENGTH = 12;
const AUTH_TAG_LENGTH = 16;
const SECRET_MIN_LENGTH = 32;

/** @param {string | undefined} secret ENCRYPTION_SECRET */
export function createCrypto(secret) {
  function getEncryptionSecret() {
    if (!secret) throw new Error('ENCRYPTION_SECRET environment variable is required');
    if (secret.length < SECRET_MIN_LENGTH) {
      throw new Error('ENCRYPTION_SECRET must be at least 32 characters');
    }
    return secret;
  }

  const keyOf = async (salt) =>
    /** @type {Buffer} */ (await deriveKey(getEncryptionSecret(), salt, KEY_LENGTH));

  /** @param {string} plaintext */
  async function encrypt(plaintext) {
    const salt = randomBytes(SALT_LENGTH);
    const iv = randomBytes(IV_LENGTH);
    const cipher = createCipheriv(ALGORITHM, await keyOf(salt), iv, {
      authTagLength: AUTH_TAG_LENGTH,
    });
    const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
    return Buffer.concat([salt, iv, cipher.getAuthTag(), ciphertext]).toString('base64');
  }

  /** @param {string} encrypted */
  async function decrypt(encrypted) {
    const bytes = Buffer.from(encrypted, 'base64');
    const ivAt = SALT_LENGTH;
    const tagAt = ivAt + IV_LENGTH;
    const ciphertextAt = tagAt + AUTH_TAG_LENGTH;
    const key = await keyOf(bytes.subarray(0, ivAt));
    const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(ivAt, tagAt), {
      authTagLength: AUTH_TAG_LENGTH,
    });
    decipher.setAuthTag(bytes.subarray(tagAt, ciphertextAt));
    try {
      const text = [decipher.update(bytes.subarray(ciphertextAt)), decipher.final()];
      return Buffer.concat(text).toString('utf8');
    } catch {
      throw new Error('Decryption failed: data may be corrupted or tampered');
    }
  }

  return { encrypt, decrypt };
}
