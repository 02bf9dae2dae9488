/** The cookie that binds an authorization flow to the browser that started it. */

import { randomBytes } from 'node:crypto';

/** The lifetime of a `state`. */
const MAX_AGE_S = 600;

/** With HTTPS, a name that neither another host nor plain HTTP can set (RFC 6265bis, section 4.1.3.2). */
function nameAt(redirectUri: URL): string {
  return redirectUri.protocol === 'https:' ? '__Host-tokenkeep' : 'tokenkeep';
}

/** The cookie's value; `undefined` if it is missing or malformed. */
export function browserOf(request: Request, redirectUri: URL): string | undefined {
  const name = `${nameAt(redirectUri)}=`;
  const pairs = (request.headers.get('cookie') ?? '').split(';').map((pair) => pair.trim());
  const value = pairs.find((pair) => pair.startsWith(name))?.slice(name.length);
  return value && /^[\w-]{43}$/.test(value) ? value : undefined;
}

/** A random value for a new cookie. */
export function newBrowser(): string {
  return randomBytes(32).toString('base64url');
}

/** The `Set-Cookie` header. */
export function setBrowser(browser: string, redirectUri: URL): string {
  const secure = redirectUri.protocol === 'https:' ? '; Secure' : '';
  const attributes = `Path=/; Max-Age=${MAX_AGE_S}; HttpOnly; SameSite=Lax${secure}`;
  return `${nameAt(redirectUri)}=${browser}; ${attributes}`;
}
