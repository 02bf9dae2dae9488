/** Whether a request that changes something comes from a page of our own. */

/**
 * Whether it comes from somewhere else. Browsers say so in `Sec-Fetch-Site` (Fetch Metadata), older ones in `Origin`; a program says neither.
 * `fromOurPage`: our own pages have `no-referrer`, and so send `Origin: null`; any other page can do so,
 * too.
 */
export function isCrossSite(
  request: Request,
  redirectUri: URL,
  { fromOurPage = false }: { fromOurPage?: boolean } = {},
): boolean {
  const site = request.headers.get('sec-fetch-site');
  if (site !== null) return site !== 'same-origin' && site !== 'none';
  const origin = request.headers.get('origin');
  if (origin === null || (fromOurPage && origin === 'null')) return false;
  return origin !== redirectUri.origin;
}
