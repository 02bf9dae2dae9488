/** The format `tk1.`, sealed and opened by Node's own crypto. */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { KEY } from './database';

/** Where a value belongs. */
export interface Place {
  store: string;
  column: string;
  parts: readonly string[];
}

/** Where the zoho store keeps a client's token. */
export const placeOf = (column: string, clientId: string, provider = 'zoho_crm'): Place => ({
  store: 'zoho',
  column,
  parts: [clientId, provider],
});

function bytesOf({ store, column, parts }: Place): Buffer {
  return Buffer.concat(
    [store, column, ...parts].flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(Buffer.byteLength(part));
      return [length, Buffer.from(part)];
    }),
  );
}

/** Seals `text` with the key of this version. */
export function seal(
  text: string,
  place: Place,
  { key = KEY, version = 1, nonce = randomBytes(12) } = {},
): string {
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key, 'hex'), nonce);
  cipher.setAAD(bytesOf(place));
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  const bytes = Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]);
  return `tk1.${version}.${bytes.toString('base64url')}`;
}

/** Opens a sealed value; throws what Node throws. */
export function open(sealed: string, place: Place, key = KEY): string {
  const [, encoded] = /^tk1\.[1-9]\d*\.([\w-]+)$/.exec(sealed) ?? [];
  if (encoded === undefined) throw new Error('is not a sealed value');
  const bytes = Buffer.from(encoded, 'base64url');
  if (bytes.toString('base64url') !== encoded) throw new Error('is not base64url');
  const nonce = bytes.subarray(0, 12);
  const options = { authTagLength: 16 };
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key, 'hex'), nonce, options);
  decipher.setAAD(bytesOf(place)).setAuthTag(bytes.subarray(12, 28));
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
}
