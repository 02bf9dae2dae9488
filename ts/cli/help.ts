/** Help, from the declarations of the commands. */

import type { Command } from './command';
import type { Option } from './usage';

/** All commands, in one line each. */
export function overview(commands: readonly Command[]): string {
  const rows = commands.map(({ name, summary }): Row => [name, summary]);
  return `tokenkeep keeps OAuth tokens sealed in PostgreSQL, and refreshes each once across all processes.

Usage: npx tokenkeep COMMAND [options]

Commands:
${table(rows)}

Options:
${table([HELP, ['--version', 'print the version']])}

For the options of a command: npx tokenkeep COMMAND --help

Exit codes:
${exitCodes('failure; for doctor: a problem was found')}
`;
}

/** One command: its options, an example, its exit codes. */
export function helpOf({ name, description, environment, options, ...rest }: Command): string {
  const required = Object.entries(options).filter(([, option]) => option.required);
  const named = required.map(([flag, { value }]) => ` --${flag} ${value}`).join('');
  const rows = Object.entries(options).map(([flag, option]): Row => [
    `--${flag}${option.value ? ` ${option.value}` : ''}`,
    describe(option),
  ]);
  const variables = wrap(environment.join(', '), 98).join('\n  ');
  const reads = variables ? `\nEnvironment:\n  ${variables}\n` : '';
  return `Usage: npx tokenkeep ${name}${named} [options]

${description}
${reads}
Options:
${table([...rows, HELP])}

Example:
  ${rest.example}

Exit codes:
${exitCodes(rest.failure)}
`;
}

type Row = readonly [left: string, right: string];

const HELP: Row = ['--help, -h', 'print this help'];

function describe({ text, choices, multiple, required, ...option }: Option): string {
  return [
    text,
    ...(choices && choices.length > 1 ? [`: ${choices.join(', ')}`] : []),
    ...(multiple ? ['; repeat it, or separate with commas'] : []),
    ...(required ? [' (required)'] : []),
    ...(option.default === undefined ? [] : [` (default: ${option.default})`]),
  ].join('');
}

const exitCodes = (failure: string): string =>
  table([
    ['0', 'success'],
    ['1', failure],
    ['2', 'wrong usage: nothing was done'],
  ]);

/** Two columns; the right one is broken so that no line is longer than 100 characters. */
function table(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  const margin = ' '.repeat(width + 4);
  return rows
    .map(([left, right]) => {
      const lines = wrap(right, 100 - margin.length);
      return `  ${left.padEnd(width)}  ${lines.join(`\n${margin}`)}`;
    })
    .join('\n');
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line && line.length + word.length >= width) {
      lines.push(line);
      line = word;
    } else {
      line = line ? `${line} ${word}` : word;
    }
  }
  return [...lines, line];
}
