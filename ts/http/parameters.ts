/** What a request's query says: each parameter at most once (RFC 6749, section 3.1), none too long. */

import { bare } from '../input/fields';

/** How long each parameter may be, in characters; others are not looked at. */
const MAX_CHARS = {
  link: 256,
  user_id: 1024,
  return_to: 1024,
  state: 256,
  code: 4096,
  error: 256,
  iss: 1024,
} as const;

export type Parameters = Partial<Record<keyof typeof MAX_CHARS, string>>;

/** The parameters that mean something; `null` when one comes twice, or is too long. */
export function parametersOf(request: Request): Parameters | null {
  const { searchParams } = new URL(request.url);
  const parameters: Parameters = bare({});
  for (const [name, most] of Object.entries(MAX_CHARS)) {
    const values = searchParams.getAll(name);
    const [value] = values;
    if (value === undefined) continue;
    if (values.length > 1 || value.length > most) return null;
    parameters[name as keyof Parameters] = value;
  }
  return parameters;
}
