#!/usr/bin/env node
/** `npx tokenkeep`: one command a file. Exits with 0, 1 for a failure, 2 for a wrong call. */

import { InvalidArgumentError } from '../errors/errors';
import { UsageError, flags } from './usage';

type Command = (args: string[]) => void | Promise<void>;

/** Each is loaded when it is called for: doctor also speaks where the addon does not load. */
const COMMANDS: Record<string, () => Command> = {
  doctor: () => (require('./doctor') as typeof import('./doctor')).doctor,
  keygen: () => (require('./keygen') as typeof import('./keygen')).keygen,
  migrate: () => (require('./migrate') as typeof import('./migrate')).migrate,
  refresh: () => (require('./refresh') as typeof import('./refresh')).refresh,
  revive: () => (require('./revive') as typeof import('./revive')).revive,
  serve: () => (require('./serve') as typeof import('./serve')).serve,
  unseal: () => (require('./unseal') as typeof import('./unseal')).unseal,
};

const HELP = `tokenkeep keeps OAuth tokens: sealed in PostgreSQL, refreshed once.

  npx tokenkeep migrate --store NAME    bring a table up to date (DATABASE_URL):
                                        gmail, zoho, vault, calendar or
                                        integration, several times
      --schema NAME    the schema of the table
      --keep newest    of several rows with one key keep the newest
      --json           print one JSON object
  npx tokenkeep unseal --store zoho     make sealed values plaintext again (TOKENKEEP_KEY,
                                        TOKENKEEP_SEALING=off)
      --schema NAME    the schema of the table
      --json           print one JSON object
  npx tokenkeep refresh                 refresh tokens of the integration store that run out soon
                                        (google, by GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET)
      --expires-within SECONDS  900, unless told otherwise
      --concurrency NUMBER      how many at once: 8
      --limit NUMBER            how many at most: all
      --max-per-second NUMBER   requests to a provider: any number
      --schema NAME    the schema of the table
      --json           print one JSON object
  npx tokenkeep revive --store NAME     have connections that were marked dead tried again, such as
                                        after a deployment with another client's credentials:
                                        zoho, vault or integration
      --since DATE     only those that were marked then or later
      --schema NAME    the schema of the table
      --json           print one JSON object
  npx tokenkeep serve                   the routes with which users connect their calendars, and
                                        GET /credentials?user_id= (TOKENKEEP_CONNECT_SECRET,
                                        TOKENKEEP_KEY, GOOGLE_…, DATABASE_URL)
      --host ADDRESS   127.0.0.1, unless told otherwise; TLS is for a proxy in front
      --port NUMBER    8080, unless told otherwise; 0: any that is free
      --schema NAME    the schema of the table
      --json           print the address as one JSON object
  npx tokenkeep doctor                  look for what is wrong with the set-up, and say how to fix
                                        it: connection, TLS, pooler, clocks, tables, rights,
                                        row-level security, keys, providers. Writes nothing
      --store NAME     these stores, several times or with commas: those whose tables are there
                       or whose variables are set, unless told otherwise
      --schema NAME    the schema of the tables
      --offline        ask no provider whether it can be reached
      --json           print one JSON object
  npx tokenkeep keygen                  print a new key for GMAIL_ENCRYPTION_KEY or TOKENKEEP_KEY
      --json           print one JSON object
  npx tokenkeep --help | --version

Exit codes: 0 done, 1 failed (doctor: found a problem), 2 wrong call.
`;

async function main(args: string[]): Promise<void> {
  const [command, ...rest] = args;
  if (args.includes('--help')) {
    process.stdout.write(HELP);
    return undefined;
  }
  if (command !== undefined && Object.hasOwn(COMMANDS, command)) return COMMANDS[command]?.()(rest);
  if (command !== undefined && !command.startsWith('-')) {
    throw new UsageError(`there is no command ${command}`);
  }
  const { values } = flags(args, { version: { type: 'boolean' } });
  if (!values.version) throw new UsageError('which command?');
  const { version } = require('../../package.json') as { version: string };
  process.stdout.write(`${version}\n`);
  return undefined;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const wrongCall = error instanceof UsageError || error instanceof InvalidArgumentError;
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`tokenkeep: ${text}\n${wrongCall ? 'See: npx tokenkeep --help\n' : ''}`);
  process.exitCode = wrongCall ? 2 : 1;
});
