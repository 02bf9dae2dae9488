/** Query parameters: each at most once (RFC 6749, section 3.1), with a maximum length. */

import { withoutPrototype } from '../input/fields';

/** The maximum length of each known parameter, in characters; other parameters are ignored. */
const MAX_CHARS = {
  link: 256,
  /** The name of `link` in links that an earlier version has sent, which are valid for 24 hours. */
  ticket: 256,
  user_id: 1024,
  return_to: 1024,
  state: 256,
  code: 4096,
  error: 256,
  account: 128,
  iss: 1024,
} as const;

export type Parameters = Partial<Record<keyof typeof MAX_CHARS, string>>;

/** The known parameters; `null` if one occurs twice or is too long. */
export function parametersOf(request: Request): Parameters | null {
  const { searchParams } = new URL(request.url);
  const parameters: Parameters = withoutPrototype({});
  for (const [name, most] of Object.entries(MAX_CHARS)) {
    const values = searchParams.getAll(name);
    const [value] = values;
    if (value === undefined) continue;
    if (values.length > 1 || value.length > most) return null;
    parameters[name as keyof Parameters] = value;
  }
  return parameters;
}

/** The most other parameters of an authorization response, and the longest value, in characters. */
const OTHERS_MAX = 32;
const OTHER_MAX_CHARS = 1024;

/** The other parameters of an authorization response, of which a description may keep some. */
export function otherParameters(request: Request): Record<string, string> {
  const { searchParams } = new URL(request.url);
  const names = [...new Set(searchParams.keys())].filter((name) => !(name in MAX_CHARS));
  const others: Record<string, string> = withoutPrototype({});
  for (const name of names.slice(0, OTHERS_MAX)) {
    const [value = '', ...more] = searchParams.getAll(name);
    if (more.length === 0 && value.length <= OTHER_MAX_CHARS) others[name] = value;
  }
  return others;
}

/** The values of a connection's variables in a connect request; `null` if one occurs twice or is too long. */
export function variablesOf(
  request: Request,
  names: readonly string[],
): Record<string, string> | null {
  const { searchParams } = new URL(request.url);
  const variables: Record<string, string> = withoutPrototype({});
  for (const name of names) {
    const [value, ...more] = searchParams.getAll(name);
    if (!value) continue;
    if (more.length > 0 || value.length > OTHER_MAX_CHARS) return null;
    variables[name] = value;
  }
  return variables;
}
