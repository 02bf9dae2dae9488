/** A guide of docs/adopt, and what it has its reader run. */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KEY } from '../../helpers/database';

const root = join(import.meta.dirname, '../../..');

export const SEALING_OFF = { TOKENKEEP_SEALING: 'off' };

/** The statements that the guide to a store shows, in its order. */
export function statementsOf(store: string): string[] {
  const guide = readFileSync(join(root, `docs/adopt/${store}.md`), 'utf8');
  return [...guide.matchAll(/```sql\n([^]*?)```/g)].map(([, sql]) => sql!);
}

/** A file of `migrations/`, as psql would read it. */
export const migration = (name: string): string =>
  readFileSync(join(root, `migrations/${name}.sql`), 'utf8');

/** What `npx tokenkeep COMMAND --store STORE --json` prints, with this environment alone. */
export async function command(
  store: string,
  name: 'migrate' | 'unseal',
  env: Record<string, string>,
): Promise<unknown> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(root, 'dist/cli/main.js'), name, '--store', store, '--json'],
    { env: { PATH: process.env['PATH'], ...env } },
  );
  return JSON.parse(stdout);
}

/** The environment of a command that writes plaintext again. */
export const UNSEALING = { TOKENKEEP_KEY: KEY, ...SEALING_OFF };
