/** `Authorization: Bearer` (RFC 6750), compared in constant time. */

import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether a request has a secret, and the right one. */
export type Bearer = 'none' | 'valid' | 'invalid';

/** The scheme and the space after it. */
const SCHEME = 'bearer ';

export function checkBearer(request: Request, secret: string | undefined): Bearer {
  const header = request.headers.get('authorization') ?? '';
  // Not a regular expression, which would backtrack over a header of many spaces.
  if (header.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return 'none';
  const given = header.slice(SCHEME.length).trim();
  if (!given) return 'none';
  return secret && timingSafeEqual(digest(given), digest(secret)) ? 'valid' : 'invalid';
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
