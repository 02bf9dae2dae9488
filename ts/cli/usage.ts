/** Reads a command's flags. */

import { type ParseArgsConfig, parseArgs } from 'node:util';

/** The command was called in a wrong way. */
export class UsageError extends Error {}

/** Strict: an unknown flag is a wrong call. */
export function flags<Options extends NonNullable<ParseArgsConfig['options']>>(
  args: string[],
  options: Options,
): ReturnType<typeof parseArgs<{ options: Options }>> {
  try {
    return parseArgs({ args, options });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
