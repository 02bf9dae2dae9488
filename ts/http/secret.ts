/** `Authorization: Bearer` (RFC 6750), compared in the same time wherever the secrets differ. */

import { createHash, timingSafeEqual } from 'node:crypto';

/** What a request says of itself: nothing, the right secret, or another one. */
export type Bearer = 'none' | 'right' | 'wrong';

export function bearerOf(request: Request, secret: string | undefined): Bearer {
  const [, given] = /^bearer +(.*\S) *$/i.exec(request.headers.get('authorization') ?? '') ?? [];
  if (given === undefined) return 'none';
  return secret && timingSafeEqual(digest(given), digest(secret)) ? 'right' : 'wrong';
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
