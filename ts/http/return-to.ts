/** Where the browser goes at last: never to another site because a link says so. */

/** The URL of a path on the application's own origin; `null` for anything else. */
export function ownPath(path: string, redirectUri: URL): string | null {
  if (!/^\/(?![/\\])[^\s\\\p{Cc}]*$/u.test(path)) return null;
  const url = new URL(path, redirectUri.origin);
  return url.origin === redirectUri.origin ? url.href : null;
}
