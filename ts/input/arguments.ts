/** Checks the types of arguments; lengths and contents are the core's to check. */

import { InvalidArgumentError } from '../errors/errors';
import { fieldsOf } from './fields';

function refuse(argument: string, reason: string): never {
  throw new InvalidArgumentError(`${argument}: ${reason}`, { argument });
}

/** Any string that Node's crypto takes. */
export function string(argument: string, value: unknown): string {
  return typeof value === 'string' ? value : refuse(argument, 'must be a string');
}

/** A string that UTF-8 can hold: a lone surrogate would name another row. */
export function text(argument: string, value: unknown): string {
  if (typeof value !== 'string') return refuse(argument, `must be a string, is ${kind(value)}`);
  if (!value.isWellFormed()) return refuse(argument, 'must not contain a lone surrogate');
  return value;
}

/** A valid date, as milliseconds since 1970. */
export function date(argument: string, value: unknown): number {
  // Not `instanceof`: a date of another realm is one, too.
  if (Object.prototype.toString.call(value) !== '[object Date]') {
    return refuse(argument, `must be a Date, is ${kind(value)}`);
  }
  return Number(value);
}

/** A valid date, as milliseconds since 1970, or NULL; nothing when it is undefined. */
export function optionalDate(argument: string, value: unknown): number | null | undefined {
  return value === undefined || value === null ? value : date(argument, value);
}

/** A number. */
export function number(argument: string, value: unknown): number {
  if (typeof value !== 'number') return refuse(argument, `must be a number, is ${kind(value)}`);
  return value;
}

/** An array of strings, or nothing. */
export function optionalTexts(argument: string, value: unknown): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) return refuse(argument, `must be an array, is ${kind(value)}`);
  // A copy: what is looked at twice may be another thing the second time.
  return Array.from(value, (part) => text(argument, part));
}

/** Scopes, or nothing; `['']`, which is what splitting an empty text gives, is nothing, too. */
export function optionalScopes(argument: string, value: unknown): string[] | undefined {
  const scopes = optionalTexts(argument, value);
  return scopes?.length === 1 && scopes[0] === '' ? undefined : scopes;
}

/** A function, or nothing. */
export function optionalFunction<F>(argument: string, value: F | undefined | null): F | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'function') return refuse(argument, `must be a function, is ${kind(value)}`);
  return value;
}

/**
 * An object whose fields are named `argument.field` in errors, by the fields that it has itself (see
 * {@link fieldsOf}).
 */
export function record(argument: string, value: unknown): Record<string, unknown> {
  return fieldsOf(object(argument, value));
}

function object(argument: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) {
    return refuse(argument, `must be an object, is ${kind(value)}`);
  }
  return value as Record<string, unknown>;
}

/** A text, or nothing; `''` is nothing, too. */
export function optionalText(argument: string, value: unknown): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : text(argument, value);
}

/** A number, or nothing; 0 and NaN are nothing, too. */
export function optionalNumber(argument: string, value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number') return refuse(argument, `must be a number, is ${kind(value)}`);
  return value || undefined;
}

/** An object as JSON that a `jsonb` column takes, or nothing. */
export function optionalJson(argument: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return refuse(argument, 'must be an object, is an array');
  const sound = (name: string, part: unknown): unknown => {
    for (const piece of [name, part]) {
      if (typeof piece === 'string' && (!piece.isWellFormed() || piece.includes('\0'))) {
        refuse(argument, 'must not contain a lone surrogate or a NUL character');
      }
    }
    return part;
  };
  let json: string | undefined;
  try {
    json = JSON.stringify(object(argument, value), sound);
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw error;
  }
  return json?.startsWith('{') ? json : refuse(argument, 'must be an object that JSON can hold');
}

/** A duration in milliseconds, or nothing. */
export function optionalDuration(argument: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !(value >= 0)) {
    return refuse(argument, 'must be a number of milliseconds, 0 or more');
  }
  return value;
}

function kind(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
