/** `tokenkeep keygen`: a new key, from the operating system's random numbers. */

import { randomBytes } from 'node:crypto';
import { flags } from './usage';

/** Prints 64 hexadecimal characters. */
export function keygen(args: string[]): void {
  const { values } = flags(args, { json: { type: 'boolean' } });
  const key = randomBytes(32).toString('hex');
  process.stdout.write(`${values.json ? JSON.stringify({ key }) : key}\n`);
}
