/** `tokenkeep keygen`: a new key, from the operating system's random number generator. */

import { randomBytes } from 'node:crypto';

/** Prints 64 hexadecimal characters. */
export function keygen({ json }: { json: boolean | undefined }): void {
  const key = randomBytes(32).toString('hex');
  process.stdout.write(`${json ? JSON.stringify({ key }) : key}\n`);
}
