/** `.env` in the current folder, for the commands. Its variables do not replace those that are set. */

import { existsSync } from 'node:fs';

/** Reads the file, if there is one. */
export function readEnvFile(): void {
  if (existsSync('.env')) process.loadEnvFile('.env');
}
