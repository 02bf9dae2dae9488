/** The `return_to` path of a request, which must not lead to another site. */

import { InvalidArgumentError } from '../errors/errors';
import { optionalText } from '../input/arguments';

/** Characters that browsers drop or replace. */
const UNSAFE_CHARACTERS = /[\s\\\p{Cc}]/u;

/** The URL of a path on the application's own origin; `null` for any other value. */
export function resolveReturnTo(path: string, redirectUri: URL): string | null {
  if (!path.startsWith('/') || path.startsWith('//') || UNSAFE_CHARACTERS.test(path)) return null;
  const url = new URL(path, redirectUri.origin);
  return url.origin === redirectUri.origin ? url.href : null;
}

/** The URL of the option `returnTo` of a link. */
export function returnToOf(path: unknown, redirectUri: URL): string | undefined {
  const given = optionalText('returnTo', path);
  const url = given === undefined ? undefined : resolveReturnTo(given, redirectUri);
  if (url !== null) return url;
  const argument = 'returnTo';
  throw new InvalidArgumentError(`${argument}: must be a path`, { argument });
}
