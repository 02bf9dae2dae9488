/** Whether a request that changes something comes from a page of our own. */

/**
 * Whether it comes from somewhere else. Browsers say so in `Sec-Fetch-Site` (Fetch Metadata), older ones
 * in `Origin`; a program says neither. `Origin: null` is a page that hides where it is, or any page that
 * wants to look like one: only a browser that says `same-origin` beside it is believed. Our own pages do
 * not hide it.
 */
export function isCrossSite(request: Request, redirectUri: URL): boolean {
  const site = request.headers.get('sec-fetch-site');
  const origin = request.headers.get('origin');
  if (site === 'same-origin') return false;
  if (origin === 'null' || (site !== null && site !== 'none')) return true;
  return site === null && origin !== null && origin !== redirectUri.origin;
}
