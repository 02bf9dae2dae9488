/**
 * `.env` in the current folder, for the commands. Its variables do not replace those that are set. Where one of the
 * database's is set, none of its others is read: a command must not reach the database of another one.
 */

import { readFileSync, statSync } from 'node:fs';
import { parseEnv } from 'node:util';

const OF_DATABASE = /^(?:DATABASE_URL$|PG)/;

/** Reads the file, if there is one. */
export function readEnvFile(): void {
  const found = statSync('.env', { throwIfNoEntry: false });
  if (!found?.isFile()) return;
  const hasDatabase = Object.keys(process.env).some((name) => OF_DATABASE.test(name));
  for (const [name, value] of Object.entries(parseEnv(readFileSync('.env', 'utf8')))) {
    if (name in process.env || (hasDatabase && OF_DATABASE.test(name))) continue;
    process.env[name] = value;
  }
}
