/** The format of the gmail store, sealed and opened by Node's own crypto. */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { KEY } from './database';

/** Seals `text` as docs/internals/stores.md describes (gmail: Sealed format). */
export function seal(text: string | Buffer, key = KEY): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key, 'hex'), iv);
  const ciphertext = Buffer.concat([cipher.update(text as string, 'utf8'), cipher.final()]);
  return [iv, cipher.getAuthTag(), ciphertext].map((part) => part.toString('hex')).join(':');
}

/** Opens what `seal` or the gmail store has sealed. */
export function open(sealed: string, key = KEY): string {
  const [iv, tag, ciphertext] = sealed.split(':').map((part) => Buffer.from(part, 'hex'));
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key, 'hex'), iv!);
  decipher.setAuthTag(tag!);
  return Buffer.concat([decipher.update(ciphertext!), decipher.final()]).toString('utf8');
}
