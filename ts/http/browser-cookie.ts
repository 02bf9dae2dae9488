/** The cookie that binds a flow to the browser in which it was begun. */

import { randomBytes } from 'node:crypto';

/** As long as a state is good for. */
const MAX_AGE_S = 600;

/** With https a name that no other host and no plain http can set (RFC 6265bis, section 4.1.3.2). */
function nameAt(redirectUri: URL): string {
  return redirectUri.protocol === 'https:' ? '__Host-tokenkeep' : 'tokenkeep';
}

/** What the browser has; `undefined` when it has none that we could have set. */
export function browserOf(request: Request, redirectUri: URL): string | undefined {
  const name = `${nameAt(redirectUri)}=`;
  const pairs = (request.headers.get('cookie') ?? '').split(';').map((pair) => pair.trim());
  const value = pairs.find((pair) => pair.startsWith(name))?.slice(name.length);
  return value && /^[\w-]{43}$/.test(value) ? value : undefined;
}

/** A value that nobody can guess. */
export function newBrowser(): string {
  return randomBytes(32).toString('base64url');
}

/** The header that sets it. */
export function setBrowser(browser: string, redirectUri: URL): string {
  const secure = redirectUri.protocol === 'https:' ? '; Secure' : '';
  const attributes = `Path=/; Max-Age=${MAX_AGE_S}; HttpOnly; SameSite=Lax${secure}`;
  return `${nameAt(redirectUri)}=${browser}; ${attributes}`;
}
