/** Reads a command's arguments by its declaration. */

import { type ParseArgsConfig, parseArgs } from 'node:util';
import { didYouMean } from '../input/nearest';

/** The command line is wrong: the exit code is 2. */
export class UsageError extends Error {}

/** One option of a command. */
export interface Option {
  /** What stands for the value in help, such as `NAME`; without it the option is a flag. */
  readonly value?: string;
  /** What help says of it. */
  readonly text: string;
  /** The values that it takes; any text without it. */
  readonly choices?: readonly string[];
  /** Its value where it is not given. */
  readonly default?: string;
  /** The command cannot run without it. */
  readonly required?: true;
  /** Takes several values: repeated, or separated by commas. */
  readonly multiple?: true;
}

export type Options = Readonly<Record<string, Option>>;

type One<O extends Option> = O extends { choices: readonly (infer Choice)[] }
  ? Choice
  : O extends { value: string }
    ? string
    : boolean;
type Given<O extends Option> = O extends { multiple: true } ? One<O>[] : One<O>;
type IsAlways<O extends Option> = O extends { required: true } | { default: string } ? true : false;

/** What a command is run with: `undefined` for an option that was not given. */
export type ValuesOf<All extends Options> = {
  [Name in keyof All]: IsAlways<All[Name]> extends true
    ? Given<All[Name]>
    : Given<All[Name]> | undefined;
};

/**
 * The values of `args`.
 *
 * @throws {UsageError} for an unknown option, a missing or unknown value, or an extra word
 */
export function parse<All extends Options>(args: string[], options: All): ValuesOf<All> {
  const config = Object.entries(options).map(([name, { value, multiple }]) => [
    name,
    { type: value ? 'string' : 'boolean', ...(multiple && { multiple }) },
  ]);
  const { values, tokens } = parseArgs({
    args,
    options: Object.fromEntries(config) as NonNullable<ParseArgsConfig['options']>,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === 'positional') throw new UsageError(`unexpected argument '${token.value}'`);
    if (token.kind === 'option') check(token, options);
  }
  const read = Object.entries(options).map(([name, option]) => [
    name,
    valueOf(name, option, values[name]),
  ]);
  return Object.fromEntries(read) as ValuesOf<All>;
}

interface OptionToken {
  name: string;
  rawName: string;
  value: string | undefined;
  inlineValue: boolean | undefined;
}

function check({ name, rawName, value, inlineValue }: OptionToken, options: Options): void {
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (!option || !rawName.startsWith('--')) {
    const names = Object.keys(options).map((each) => `--${each}`);
    throw new UsageError(`unknown option '${rawName}'${didYouMean(rawName, names)}`);
  }
  if (!option.value && value !== undefined) throw new UsageError(`${rawName} takes no value`);
  const isMissing = value === undefined || (value.startsWith('-') && !inlineValue);
  if (option.value && isMissing) {
    throw new UsageError(`${rawName} needs a value: ${rawName} ${option.value}`);
  }
}

type Raw = string | boolean | (string | boolean)[] | undefined;

function valueOf(name: string, option: Option, given: Raw): unknown {
  const value = given ?? option.default;
  if (value === undefined) {
    if (!option.required) return undefined;
    throw new UsageError(`--${name} is missing: --${name} ${option.value}`);
  }
  if (!option.value) return value;
  const texts = [value].flat().map(String);
  const parts = option.multiple ? texts.flatMap((text) => text.split(',')) : texts;
  for (const part of parts) checkChoice(name, part, option.choices);
  return option.multiple ? [...new Set(parts)] : value;
}

function checkChoice(name: string, value: string, choices: readonly string[] | undefined): void {
  if (!choices || choices.includes(value)) return;
  const known = choices.length > 1 ? `one of ${choices.join(', ')}` : choices[0];
  const hint = didYouMean(value, choices);
  throw new UsageError(`--${name} must be ${known}, but is '${value}'${hint}`);
}
