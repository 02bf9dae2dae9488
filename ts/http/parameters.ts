/** Query parameters: each at most once (RFC 6749, section 3.1), with a maximum length. */

import { withoutPrototype } from '../input/fields';
import { CONNECT_PARAMETERS, isConnectParameter } from '../settings/connect-parameters';

export type Parameters = Partial<Record<keyof typeof CONNECT_PARAMETERS, string>>;

/** The known parameters; `null` if one occurs twice or is too long. */
export function parametersOf(request: Request): Parameters | null {
  return readParameters<Parameters>(request, Object.entries(CONNECT_PARAMETERS));
}

/** The longest value of another parameter, in characters. */
const OTHER_MAX_CHARS = 1024;

/** The values of a connection's variables in a connect request; `null` if one occurs twice or is too long. */
export function variablesOf(
  request: Request,
  names: readonly string[],
): Record<string, string> | null {
  const { searchParams } = new URL(request.url);
  // An empty value is none.
  const given = names.filter((name) => searchParams.getAll(name).some(Boolean));
  return readParameters(
    request,
    given.map((name) => [name, OTHER_MAX_CHARS]),
  );
}

/** Reads parameters, each with the maximum length of its value. */
function readParameters<Found extends Record<string, string> | Parameters>(
  request: Request,
  wanted: readonly (readonly [name: string, maxChars: number])[],
): Found | null {
  const { searchParams } = new URL(request.url);
  const found: Record<string, string> = withoutPrototype({});
  for (const [name, maxChars] of wanted) {
    const [value, ...more] = searchParams.getAll(name);
    if (value === undefined) continue;
    if (more.length > 0 || value.length > maxChars) return null;
    found[name] = value;
  }
  return found as Found;
}

/** The most other parameters of an authorization response. */
const OTHERS_MAX = 32;

/** The other parameters of an authorization response, of which a description may keep some. */
export function otherParameters(request: Request): Record<string, string> {
  const { searchParams } = new URL(request.url);
  const names = [...new Set(searchParams.keys())].filter((name) => !isConnectParameter(name));
  const others: Record<string, string> = withoutPrototype({});
  for (const name of names.slice(0, OTHERS_MAX)) {
    const [value = '', ...more] = searchParams.getAll(name);
    if (more.length === 0 && value.length <= OTHER_MAX_CHARS) others[name] = value;
  }
  return others;
}
