/** The options of the commands that run scenarios, examples or consumers. */
import { parseArgs } from 'node:util';

/**
 * Reads the command line. A mistake ends the process with status 2 and the usage on stderr.
 *
 * @template {Record<string, { type: 'boolean' | 'string', default?: boolean }>} Options
 * @param {object} command
 * @param {string} command.usage
 * @param {string} command.kind what a name of `--only` names, such as 'scenario'
 * @param {string[]} command.names what `--only` can name
 * @param {Options} command.options those that the command has beside `--only`
 * @returns {{ only?: string[] } & Record<keyof Options, any>} `only` is absent when all are meant
 */
export function readOptions({ usage, kind, names, options }) {
  const refuse = (text) => {
    process.stderr.write(`${text}\n${usage}\n`);
    process.exit(2);
  };
  const { only, ...values } = parse({ ...options, only: { type: 'string' } }, refuse);
  const chosen = only?.split(',');
  const unknown = chosen?.find((name) => !names.includes(name));
  if (unknown !== undefined) refuse(`There is no ${kind} ${unknown}, only ${names.join(', ')}`);
  return { ...values, only: chosen };
}

function parse(options, refuse) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return refuse(error.message);
  }
}
