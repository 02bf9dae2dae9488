/** Checks descriptions of providers: a field that is misspelt, or of a wrong type, is an error that names it. */

import { InvalidArgumentError } from '../errors/errors';
import { optionalTexts, record, text } from '../input/arguments';
import { didYouMean } from '../input/nearest';
import { isConnectParameter } from './connect-parameters';
import type {
  ErrorRule,
  ProviderDescription,
  RevocationForm,
  UrlVariable,
} from './provider-description';

/** Returns the value as it is to be used; throws an error that names `argument`. */
type Check = (argument: string, value: unknown) => unknown;

type Checks<Fields> = Readonly<Record<keyof Fields, Check>>;

function refuse(argument: string, reason: string): never {
  throw new InvalidArgumentError(`${argument}: ${reason}`, { argument });
}

const filled: Check = (argument, value) =>
  text(argument, value) || refuse(argument, 'must not be empty');

const texts: Check = (argument, value) =>
  optionalTexts(argument, value)?.map((part) => part || refuse(argument, 'must not be empty'));

const flag: Check = (argument, value) =>
  typeof value === 'boolean' ? value : refuse(argument, 'must be a boolean');

const oneOf =
  (...words: readonly string[]): Check =>
  (argument, value) =>
    words.includes(value as string)
      ? value
      : refuse(argument, `must be one of ${words.map((word) => `'${word}'`).join(', ')}`);

const positive: Check = (argument, value) =>
  isPositiveInteger(value) ? value : refuse(argument, 'must be a positive integer');

const orNull =
  (check: Check): Check =>
  (argument, value) =>
    value === null ? null : check(argument, value);

/** An object whose values are checked. */
const recordOf =
  (check: Check): Check =>
  (argument, value) =>
    Object.fromEntries(
      Object.entries(record(argument, value)).map(([name, part]) => [
        name,
        check(`${argument}.${name}`, part),
      ]),
    );

const listOf =
  (check: Check): Check =>
  (argument, value) =>
    Array.isArray(value)
      ? value.map((part: unknown, at) => check(`${argument}.${at}`, part))
      : refuse(argument, 'must be an array');

/** A value, or an array of values. */
const oneOrMore =
  (check: Check): Check =>
  (argument, value) =>
    Array.isArray(value) ? listOf(check)(argument, value) : check(argument, value);

/** An object with these fields only. */
const objectOf =
  <Fields>(checks: Checks<Fields>): Check =>
  (argument, value) =>
    checked(argument, record(argument, value), checks);

const scalar: Check = (argument, value) =>
  typeof value === 'number' || typeof value === 'boolean' ? value : filled(argument, value);

/** Statuses that never concern the grant. */
const TEMPORARY_STATUSES: readonly unknown[] = [408, 425, 429];

const status: Check = (argument, value) =>
  Number.isInteger(value) &&
  Number(value) >= 200 &&
  Number(value) < 500 &&
  !TEMPORARY_STATUSES.includes(value)
    ? value
    : refuse(argument, 'must be a status from 200 to 499, except 408, 425 and 429');

/** In a JSON pointer, `~` must be followed by 0 or 1 (RFC 6901, section 3). */
const INVALID_TILDE = /~(?![01])/;

const pointer: Check = (argument, value) => {
  const path = text(argument, value);
  return path.startsWith('/') && !INVALID_TILDE.test(path)
    ? path
    : refuse(argument, 'must be a JSON pointer (RFC 6901), such as /status or /errors/0/code');
};

const ERROR_RULE: Checks<ErrorRule> = {
  status: oneOrMore(status),
  error: oneOrMore(filled),
  path: pointer,
  value: oneOrMore(scalar),
  description: filled,
  emptyBody: flag,
  meaning: oneOf(
    'grant_dead',
    'user_action',
    'administrator',
    'misconfigured',
    'client_rejected',
    'throttled',
    'unavailable',
    'outcome_unknown',
  ),
  code: filled,
  pause: positive,
};

/** The name of a parameter that the connect routes do not read themselves. */
const otherParameter: Check = (argument, value) =>
  isConnectParameter(String(filled(argument, value)))
    ? refuse(
        argument,
        `must have another name: ${String(value)} is a parameter of the connect routes`,
      )
    : value;

const VARIABLE: Checks<UrlVariable> = {
  values: texts,
  pattern: filled,
  default: filled,
  perConnection: flag,
  callbackParameter: otherParameter,
};

const variable: Check = (argument, value) =>
  typeof value === 'string' ? filled(argument, value) : objectOf(VARIABLE)(argument, value);

/** A variable whose value a connect request gives is a parameter of the routes, too. */
const variables: Check = (argument, value) => {
  const given = recordOf(variable)(argument, value) as Record<string, string | UrlVariable>;
  for (const [name, declared] of Object.entries(given)) {
    if (typeof declared === 'object' && declared.perConnection) {
      otherParameter(`${argument}.${name}`, name);
    }
  }
  return given;
};

/** The name of a header (RFC 9110, section 5.1). */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

const headers: Check = (argument, value) => {
  const given = recordOf(filled)(argument, value) as Record<string, string>;
  for (const [name, text] of Object.entries(given)) {
    const at = `${argument}.${name}`;
    if (!HEADER_NAME.test(name)) refuse(at, 'must be the name of a header');
    if (!isHeaderValue(text)) refuse(at, 'must contain visible ASCII characters and spaces only');
  }
  return given;
};

function isHeaderValue(text: string): boolean {
  return [...text].every((character) => character >= ' ' && character <= '~');
}

const clientAuthentication = oneOf(
  'client_secret_post',
  'client_secret_basic',
  'client_secret_basic_raw',
  'private_key_jwt',
  'none',
);

const requestFormat = oneOf('form', 'json');

const REVOCATION: Checks<RevocationForm> = {
  method: oneOf('POST', 'DELETE'),
  token: oneOf('refresh_token', 'access_token'),
  tokenIn: oneOf('body', 'query', 'authorization'),
  tokenParameter: filled,
  clientAuthentication,
  requestFormat,
};

const REFRESH_LIMIT: Checks<NonNullable<ProviderDescription['refreshLimit']>> = {
  count: positive,
  seconds: positive,
};

const refreshLimit: Check = (argument, value) => {
  const given = record(argument, objectOf(REFRESH_LIMIT)(argument, value));
  for (const name of Object.keys(REFRESH_LIMIT)) {
    if (given[name] === undefined) refuse(`${argument}.${name}`, 'is missing');
  }
  return given;
};

const CHECKS: Checks<ProviderDescription> = {
  title: filled,
  issuer: filled,
  authorizationUrl: filled,
  tokenUrl: filled,
  refreshUrl: filled,
  revocationUrl: filled,
  revocation: objectOf(REVOCATION),
  variables,
  clientAuthentication,
  assertionAudience: filled,
  requestFormat,
  requestHeaders: headers,
  parameterNames: recordOf(filled),
  authorizationParameters: recordOf(text),
  codeParameters: recordOf(text),
  refreshParameters: recordOf(text),
  refreshSendsScope: flag,
  scopeSeparator: oneOf(' ', ','),
  offlineScopes: texts,
  scopeAliases: recordOf(orNull(filled)),
  scopesMayBeDeclined: flag,
  codeChallengeMethod: oneOf('S256', 'none'),
  metadata: recordOf(pointer),
  callbackParameters: listOf(otherParameter),
  tokensAt: pointer,
  defaultExpiresIn: orNull(positive),
  rotation: oneOf('never', 'sometimes', 'always'),
  rotationGrace: (argument, value) =>
    value === 0 || value === 'until_used' || isPositiveInteger(value)
      ? value
      : refuse(argument, "must be a number of seconds, or 'until_used'"),
  refreshEndsAccessToken: flag,
  refreshLimit,
  errors: listOf(objectOf(ERROR_RULE)),
};

/** The fields of a description. */
export const DESCRIPTION_FIELDS: readonly string[] = Object.keys(CHECKS);

/** Checks a description; errors name its fields after `argument`. Returns the fields that are given. */
export function checkDescription(
  argument: string,
  given: Record<string, unknown>,
): Record<string, unknown> {
  return checked(argument, given, CHECKS);
}

/** `null` is absent, except where it is a value of its own. */
function checked<Fields>(
  argument: string,
  given: Record<string, unknown>,
  checks: Checks<Fields>,
): Record<string, unknown> {
  const names = Object.keys(checks);
  const fields: [string, unknown][] = [];
  for (const name of Object.keys(given)) {
    const value = given[name];
    if (value === undefined) continue;
    const at = `${argument}.${name}`;
    if (!Object.hasOwn(checks, name)) refuse(at, `unknown field${didYouMean(name, names)}`);
    if (value === null && name !== 'defaultExpiresIn') continue;
    fields.push([name, checks[name as keyof Fields](at, value)]);
  }
  return Object.fromEntries(fields);
}

/** Whether the value fits into an unsigned 32-bit integer and is not 0. */
export function isPositiveInteger(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0 && Number(value) <= 0xffffffff;
}
