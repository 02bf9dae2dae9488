/** Where the browser goes at last: never to another site because a link says so. */

/** What browsers read in another way than it is written, or not at all. */
const NOT_IN_A_PATH = /[\s\\\p{Cc}]/u;

/** The URL of a path on the application's own origin; `null` for anything else. */
export function ownPath(path: string, redirectUri: URL): string | null {
  if (!path.startsWith('/') || path.startsWith('//') || NOT_IN_A_PATH.test(path)) return null;
  const url = new URL(path, redirectUri.origin);
  return url.origin === redirectUri.origin ? url.href : null;
}
