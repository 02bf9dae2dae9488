/** What a command of the CLI is: parsing, usage and help derive from its declaration. */

import { type Options, type ValuesOf, parse } from './usage';

/** A declaration. */
interface Declaration<All extends Options> {
  name: string;
  /** One line, for the list of commands. */
  summary: string;
  /** What it does, in lines of at most 80 characters. */
  description: string;
  /** The variables that it needs. */
  environment: readonly string[];
  options: All;
  example: string;
  /** What exit code 1 means. */
  failure: string;
  /** Loads the command's module, then runs it: `doctor` also runs where the addon does not load. */
  run: (values: ValuesOf<All>) => void | Promise<void>;
}

/** A command whose options no longer show in its type. */
export interface Command extends Omit<Declaration<Options>, 'run'> {
  /** @throws {UsageError} when the arguments are wrong; then nothing has been done */
  run: (args: string[]) => void | Promise<void>;
}

/** A command that parses its arguments by its own options. */
export function command<const All extends Options>(declaration: Declaration<All>): Command {
  const { options, run } = declaration;
  return { ...declaration, run: (args) => run(parse(args, options)) };
}
