/** The option `deadGrant`: responses with which a provider says that a grant is dead. */

import type { DeadGrantOptions } from '../../index';
import { optionalTexts, record, text } from '../input/arguments';
import { InvalidArgumentError } from '../errors/errors';
import { withoutPrototype } from '../input/fields';

/**
 * A provider's responses for a dead grant, in addition to those that count everywhere: `invalid_grant`, and
 * OpenID Connect's `interaction_required`, `login_required`, `consent_required` and
 * `account_selection_required`. One matching entry is enough. Redirects, 408, 425, 429, 5xx and responses
 * with an access token never match.
 */
export interface DeadGrant {
  /** `error` codes, such as `['bad_refresh_token']`. */
  codes?: readonly string[] | undefined;
  /**
   * Status codes from 400 to 499 with an empty body, such as `[400]`. Use with care: if the provider
   * responds to a wrong client secret in the same way, valid grants are taken for dead.
   */
  statusWithEmptyBody?: readonly number[] | undefined;
  /**
   * Members of the JSON body: `path` is a JSON pointer (RFC 6901), `value` the complete value there, such as
   * `[{ path: '/status', value: 'BAD_REFRESH_TOKEN' }]` or
   * `[{ path: '/error_description', value: 'Token has been revoked' }]`.
   */
  members?: readonly DeadGrantMember[] | undefined;
}

/** A member of a JSON body, and its value. */
export interface DeadGrantMember {
  path: string;
  value: string | number | boolean;
}

const FIELDS: readonly string[] = ['codes', 'statusWithEmptyBody', 'members'];
/** In a JSON pointer, `~` must be followed by 0 or 1 (RFC 6901, section 3). */
const INVALID_TILDE = /~(?![01])/;
/** Statuses that never concern the grant. */
const TEMPORARY_STATUSES: readonly number[] = [408, 425, 429];

function refuse(argument: string, reason: string): never {
  throw new InvalidArgumentError(`${argument}: ${reason}`, { argument });
}

/** Checks the option; errors name it `at`. Returns `undefined` if it is absent. */
export function deadGrantOf(at: string, value: unknown): DeadGrantOptions | undefined {
  if (value === undefined || value === null) return undefined;
  const given = record(at, value);
  for (const name of Object.keys(given)) {
    if (FIELDS.includes(name)) continue;
    refuse(`${at}.${name}`, `unknown field, must be one of ${FIELDS.join(', ')}`);
  }
  const codes = (optionalTexts(`${at}.codes`, given['codes']) ?? []).map((code) => {
    return code || refuse(`${at}.codes`, 'must not be empty');
  });
  const statuses = list(`${at}.statusWithEmptyBody`, given['statusWithEmptyBody']);
  const members = list(`${at}.members`, given['members']);
  return withoutPrototype({
    codes,
    statusWithEmptyBody: statuses.map((part) => status(`${at}.statusWithEmptyBody`, part)),
    members: members.map((part, index) => member(`${at}.members.${index}`, part)),
  });
}

function list(argument: string, value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : refuse(argument, 'must be an array');
}

function status(argument: string, value: unknown): number {
  const isRefusal = Number.isInteger(value) && Number(value) >= 400 && Number(value) < 500;
  if (isRefusal && !TEMPORARY_STATUSES.includes(Number(value))) return Number(value);
  return refuse(argument, 'must contain status codes from 400 to 499, except 408, 425 and 429');
}

function member(argument: string, value: unknown): { path: string; value: string } {
  const given = record(argument, value);
  const path = text(`${argument}.path`, given['path']);
  if (!path.startsWith('/') || INVALID_TILDE.test(path)) {
    refuse(
      `${argument}.path`,
      'must be a JSON pointer (RFC 6901), such as /status or /errors/0/code',
    );
  }
  const { value: expected } = given;
  if (typeof expected === 'number' || typeof expected === 'boolean')
    return withoutPrototype({ path, value: `${expected}` });
  const string = text(`${argument}.value`, expected);
  return withoutPrototype({
    path,
    value: string || refuse(`${argument}.value`, 'must not be empty'),
  });
}
