/** Type checks of arguments. The core checks lengths and contents. */

import { InvalidArgumentError } from '../errors/errors';
import { fieldsOf } from './fields';
import { didYouMean, nearest } from './nearest';

function refuse(argument: string, reason: string): never {
  throw new InvalidArgumentError(`${argument}: ${reason}`, { argument });
}

/** Any string, including lone surrogates, as Node's crypto takes it. */
export function string(argument: string, value: unknown): string {
  return typeof value === 'string' ? value : refuse(argument, 'must be a string');
}

/** A string without lone surrogates: converted to UTF-8, one could name another row. */
export function text(argument: string, value: unknown): string {
  if (typeof value !== 'string') return refuse(argument, `must be a string, not ${kind(value)}`);
  if (!value.isWellFormed()) return refuse(argument, 'must not contain a lone surrogate');
  return value;
}

/** A `Date`, as milliseconds since 1970; `NaN` if it is invalid. */
export function date(argument: string, value: unknown): number {
  // Unlike `instanceof`, this accepts a date of another realm.
  if (Object.prototype.toString.call(value) !== '[object Date]') {
    return refuse(argument, `must be a Date, not ${kind(value)}`);
  }
  return Number(value);
}

/** A `Date`, as milliseconds since 1970; `null` and `undefined` as they are. */
export function optionalDate(argument: string, value: unknown): number | null | undefined {
  return value === undefined || value === null ? value : date(argument, value);
}

/** A number. */
export function number(argument: string, value: unknown): number {
  if (typeof value !== 'number') return refuse(argument, `must be a number, not ${kind(value)}`);
  return value;
}

/** An array of strings; `undefined` if absent. */
export function optionalTexts(argument: string, value: unknown): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) return refuse(argument, `must be an array, not ${kind(value)}`);
  // A copy: a getter may return another value the next time.
  return Array.from(value, (part) => text(argument, part));
}

/** Scopes; `undefined` if absent or `['']`, the result of splitting an empty string. */
export function optionalScopes(argument: string, value: unknown): string[] | undefined {
  const scopes = optionalTexts(argument, value);
  return scopes?.length === 1 && scopes[0] === '' ? undefined : scopes;
}

/** A function; `undefined` if absent. */
export function optionalFunction<F>(argument: string, value: F | undefined | null): F | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'function')
    return refuse(argument, `must be a function, not ${kind(value)}`);
  return value;
}

/** An object, through {@link fieldsOf}. */
export function record(argument: string, value: unknown): Record<string, unknown> {
  return fieldsOf(object(argument, value));
}

/**
 * The options of a call, through {@link fieldsOf}. Refuses those that it does not have: they would have no effect,
 * and a caller who mistypes `minTtlMs` would get the default.
 */
export function optionsOf<Options extends object>(
  given: Options,
  names: readonly (keyof Options & string)[],
): Options {
  const fields = record('options', given);
  for (const name of Object.keys(fields)) {
    if ((names as readonly string[]).includes(name) || fields[name] === undefined) continue;
    refuse(name, `unknown option${didYouMean(name, names)}`);
  }
  return fields as Options;
}

/**
 * Refuses a field that looks like a mistyped one that is absent, such as `refresh_token`: what it holds would be
 * lost. Other fields are left alone: applications pass objects of their own.
 */
export function refuseMistyped(
  fields: Record<string, unknown>,
  names: readonly string[],
): Record<string, unknown> {
  for (const name of Object.keys(fields)) {
    if (names.includes(name) || fields[name] === undefined) continue;
    const meant = nearest(name.replaceAll('_', ''), names);
    if (meant === undefined || fields[meant] !== undefined) continue;
    refuse(name, `unknown field. Did you mean '${meant}'?`);
  }
  return fields;
}

function object(argument: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) {
    return refuse(argument, `must be an object, not ${kind(value)}`);
  }
  return value as Record<string, unknown>;
}

/** A string; `undefined` if absent or empty. */
export function optionalText(argument: string, value: unknown): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : text(argument, value);
}

/** A number; `undefined` if absent, 0 or NaN. */
export function optionalNumber(argument: string, value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number') return refuse(argument, `must be a number, not ${kind(value)}`);
  return value || undefined;
}

/** An object as JSON for a `jsonb` column; `undefined` if absent. */
export function optionalJson(argument: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return refuse(argument, 'must be an object, not an array');
  const checked = (name: string, part: unknown): unknown => {
    for (const piece of [name, part]) {
      if (typeof piece === 'string' && (!piece.isWellFormed() || piece.includes('\0'))) {
        refuse(argument, 'must not contain a lone surrogate or a NUL character');
      }
    }
    return part;
  };
  let json: string | undefined;
  try {
    json = JSON.stringify(object(argument, value), checked);
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw error;
  }
  return json?.startsWith('{')
    ? json
    : refuse(argument, 'must be an object that JSON can represent');
}

/** A duration in milliseconds; `undefined` if absent. */
export function optionalDuration(argument: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !(value >= 0)) {
    return refuse(argument, 'must be a number of milliseconds, at least 0');
  }
  return value;
}

function kind(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
