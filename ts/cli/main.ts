#!/usr/bin/env node
/** `npx tokenkeep`. Exits with 0, 1 for a failure, 2 for wrong usage. */

import { InvalidArgumentError } from '../errors/errors';
import { COMMANDS } from './commands';
import { readEnvFile } from './env-file';
import { helpOf, overview } from './help';
import { didYouMean } from '../input/nearest';
import { UsageError, parse } from './usage';

/** What can be said without a command. */
const OPTIONS = { help: { text: 'help' }, version: { text: 'the version' } };

async function main(args: string[]): Promise<void> {
  const [name, ...rest] = args;
  const isHelp = args.includes('--help') || args.includes('-h');
  if (name === undefined) throw new UsageError('no command was given');
  if (name === 'help') return main([...rest, '--help']);
  if (name.startsWith('-')) {
    if (isHelp) return print(overview(COMMANDS));
    parse(args, OPTIONS);
    const { version } = require('../../package.json') as { version: string };
    return print(`${version}\n`);
  }
  const found = COMMANDS.find((command) => command.name === name);
  if (!found) {
    const names = [...COMMANDS.map((command) => command.name), 'help'];
    throw new UsageError(`unknown command '${name}'${didYouMean(name, names)}`);
  }
  if (isHelp) return print(helpOf(found));
  readEnvFile();
  return found.run(rest);
}

function print(text: string): void {
  process.stdout.write(text);
}

/** The page of help that is about this call. */
function helpFor([name]: string[]): string {
  const isKnown = COMMANDS.some((command) => command.name === name);
  return `npx tokenkeep ${isKnown ? `${name} ` : ''}--help`;
}

const args = process.argv.slice(2);
main(args).catch((error: unknown) => {
  const isUsage = error instanceof UsageError || error instanceof InvalidArgumentError;
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`tokenkeep: ${text}\n${isUsage ? `See: ${helpFor(args)}\n` : ''}`);
  process.exitCode = isUsage ? 2 : 1;
});
