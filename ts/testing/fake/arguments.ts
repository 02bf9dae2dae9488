/** The checks of lengths and contents that the core makes for the real stores. */

import { date, text } from '../../input/arguments';
import { InvalidArgumentError } from '../../errors/errors';

const ID_MAX_BYTES = 1024;
const TOKEN_MAX_BYTES = 64 * 1024;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** An identifier. */
export function id(argument: string, value: unknown): string {
  return bounded(argument, text(argument, value), ID_MAX_BYTES);
}

/** A token. */
export function token(argument: string, value: unknown): string {
  return bounded(argument, text(argument, value), TOKEN_MAX_BYTES);
}

/** A token, or `''`. */
export function tokenOrEmpty(argument: string, value: unknown): string {
  return value === '' ? '' : token(argument, value);
}

/** A UUID, in lower case. */
export function uuid(argument: string, value: unknown): string {
  const given = text(argument, value).toLowerCase();
  if (!UUID.test(given)) throw refusal(argument, 'must be a UUID');
  return given;
}

/** A valid date, copied. */
export function validDate(argument: string, value: unknown): Date {
  const time = date(argument, value);
  if (Number.isNaN(time)) throw refusal(argument, 'must be a valid date');
  return new Date(time);
}

/** A valid date, or `null`. */
export function validDateOrNull(argument: string, value: unknown): Date | null {
  return value === undefined || value === null ? null : validDate(argument, value);
}

function bounded(argument: string, given: string, most: number): string {
  if (given === '') throw refusal(argument, 'must not be empty');
  const bytes = Buffer.byteLength(given);
  if (bytes > most) throw refusal(argument, `must have at most ${most} bytes, has ${bytes}`);
  if (given.includes('\0')) throw refusal(argument, 'must not contain a NUL byte');
  return given;
}

function refusal(argument: string, reason: string): InvalidArgumentError {
  return new InvalidArgumentError(`${argument}: ${reason}`, { argument });
}
