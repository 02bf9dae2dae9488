/** How a provider says that a grant is dead, where it has words of its own. */

import type { DeadGrantOptions } from '../../index';
import { optionalTexts, record, text } from '../input/arguments';
import { InvalidArgumentError } from '../errors/errors';
import { bare } from '../input/fields';

/**
 * What a provider answers when a grant is dead, beside what counts everywhere: `invalid_grant`, and
 * OpenID Connect's `interaction_required`, `login_required`, `consent_required` and
 * `account_selection_required`. Each entry says so by itself. Redirects, 408, 425, 429 and 5xx never do,
 * nor does an answer with an access token.
 */
export interface DeadGrant {
  /** `error` codes, such as `['bad_refresh_token']`. */
  codes?: readonly string[] | undefined;
  /**
   * Statuses, from 400 to 499, that say so where the body is empty, such as `[400]`. With care: where
   * the provider answers a wrong client secret so, too, that looks like dead grants.
   */
  statusWithEmptyBody?: readonly number[] | undefined;
  /**
   * Members of the JSON body that say so: `path` is a JSON pointer (RFC 6901), `value` the whole value
   * there, such as `[{ path: '/status', value: 'BAD_REFRESH_TOKEN' }]` or
   * `[{ path: '/error_description', value: 'Token has been revoked' }]`.
   */
  members?: readonly DeadGrantMember[] | undefined;
}

/** A member of a JSON body, and its value. */
export interface DeadGrantMember {
  path: string;
  value: string | number | boolean;
}

const PARTS: readonly string[] = ['codes', 'statusWithEmptyBody', 'members'];
/** What `~` stands before in a JSON pointer (RFC 6901, section 3): nothing else. */
const BARE_TILDE = /~(?![01])/;
/** What is never an answer about a grant. */
const PASSING: readonly number[] = [408, 425, 429];

function refuse(argument: string, reason: string): never {
  throw new InvalidArgumentError(`${argument}: ${reason}`, { argument });
}

/** Reads the option `deadGrant`, which errors name `at`; `undefined` when it is left out. */
export function deadGrantOf(at: string, value: unknown): DeadGrantOptions | undefined {
  if (value === undefined || value === null) return undefined;
  const given = record(at, value);
  for (const name of Object.keys(given)) {
    if (!PARTS.includes(name)) refuse(`${at}.${name}`, `must be one of ${PARTS.join(', ')}`);
  }
  const codes = (optionalTexts(`${at}.codes`, given['codes']) ?? []).map((code) => {
    return code || refuse(`${at}.codes`, 'must not be empty');
  });
  const statuses = list(`${at}.statusWithEmptyBody`, given['statusWithEmptyBody']);
  const members = list(`${at}.members`, given['members']);
  return bare({
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
  if (isRefusal && !PASSING.includes(Number(value))) return Number(value);
  return refuse(argument, 'must be statuses from 400 to 499, without 408, 425 and 429');
}

function member(argument: string, value: unknown): { path: string; value: string } {
  const given = record(argument, value);
  const path = text(`${argument}.path`, given['path']);
  if (!path.startsWith('/') || BARE_TILDE.test(path)) {
    refuse(
      `${argument}.path`,
      'must be a JSON pointer (RFC 6901), such as /status or /errors/0/code',
    );
  }
  const said = given['value'];
  if (typeof said === 'number' || typeof said === 'boolean')
    return bare({ path, value: `${said}` });
  const wanted = text(`${argument}.value`, said);
  return bare({ path, value: wanted || refuse(`${argument}.value`, 'must not be empty') });
}
