/** The `return_to` path of a request, which must not lead to another site. */

/** Characters that browsers drop or replace. */
const UNSAFE_CHARACTERS = /[\s\\\p{Cc}]/u;

/** The URL of a path on the application's own origin; `null` for any other value. */
export function resolveReturnTo(path: string, redirectUri: URL): string | null {
  if (!path.startsWith('/') || path.startsWith('//') || UNSAFE_CHARACTERS.test(path)) return null;
  const url = new URL(path, redirectUri.origin);
  return url.origin === redirectUri.origin ? url.href : null;
}
