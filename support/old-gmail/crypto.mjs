import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const IV_LENGTH = 12;
const AUTH_TAG_LENGTH = 16;

/** @param {string | undefined} key GMAIL_ENCRYPTION_KEY */
export function createCrypto(key) {
  function getEncryptionKey() {
    if (!key || key.length !== 64) {
      throw new Error('GMAIL_ENCRYPTION_KEY must be a 64-character hex string');
    }
    return Buffer.from(key, 'hex');
  }

  /** @param {string} plaintext */
  function encryptToken(plaintext) {
    const iv = randomBytes(IV_LENGTH);
    const cipher = createCipheriv(ALGORITHM, getEncryptionKey(), iv, {
      authTagLength: AUTH_TAG_LENGTH,
    });
    const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
    return [iv, cipher.getAuthTag(), ciphertext].map((part) => part.toString('hex')).join(':');
  }

  /** @param {string} encryptedStr */
  function decryptToken(encryptedStr) {
    const parts = encryptedStr.split(':');
    if (parts.length !== 3) throw new Error('Invalid encrypted token format');
    const [iv, authTag, ciphertext] = parts.map((part) => Buffer.from(part, 'hex'));
    const decipher = createDecipheriv(ALGORITHM, getEncryptionKey(), iv, {
      authTagLength: AUTH_TAG_LENGTH,
    });
    decipher.setAuthTag(authTag);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8');
  }

  return { encryptToken, decryptToken };
}
