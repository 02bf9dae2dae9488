/** Whether a request that changes something comes from a page of our own. */

/**
 * Browsers say so in `Sec-Fetch-Site` (Fetch Metadata), older ones in `Origin`; a program says neither.
 * A page with `no-referrer` sends `Origin: null`, also to its own server.
 */
export function isCrossSite(request: Request, redirectUri: URL): boolean {
  const site = request.headers.get('sec-fetch-site');
  if (site !== null) return site !== 'same-origin' && site !== 'none';
  const origin = request.headers.get('origin');
  return origin !== null && origin !== 'null' && origin !== redirectUri.origin;
}
