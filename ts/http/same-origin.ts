/** Protection against cross-site request forgery. */

/**
 * Whether a request comes from a page of another site. Browsers send `Sec-Fetch-Site` (Fetch Metadata),
 * older ones only `Origin`; programs send neither. Any page can cause `Origin: null`, so it counts as
 * cross-site unless `Sec-Fetch-Site` is `same-origin`.
 */
export function isCrossSite(request: Request, redirectUri: URL): boolean {
  const site = request.headers.get('sec-fetch-site');
  const origin = request.headers.get('origin');
  if (site === 'same-origin') return false;
  if (origin === 'null' || (site !== null && site !== 'none')) return true;
  return site === null && origin !== null && origin !== redirectUri.origin;
}
