/** `Authorization: Bearer` (RFC 6750), compared in the same time wherever the secrets differ. */

import { createHash, timingSafeEqual } from 'node:crypto';

/** What a request says of itself: nothing, the right secret, or another one. */
export type Bearer = 'none' | 'right' | 'wrong';

/** The scheme and the space behind it. */
const SCHEME = 'bearer ';

export function bearerOf(request: Request, secret: string | undefined): Bearer {
  const header = request.headers.get('authorization') ?? '';
  // No pattern: it would look at a header that is nothing but spaces again and again.
  if (header.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return 'none';
  const given = header.slice(SCHEME.length).trim();
  if (!given) return 'none';
  return secret && timingSafeEqual(digest(given), digest(secret)) ? 'right' : 'wrong';
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
