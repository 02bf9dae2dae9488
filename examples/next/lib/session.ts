/**
 * A stand-in for the application's own sign-in: whoever asks is signed in as anybody. Not for
 * production; put in its place what you have.
 */

import { createHmac, timingSafeEqual } from 'node:crypto';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A cookie that signs this user in; nothing for what is no user. */
export function sessionOf(user: string): string | undefined {
  if (!UUID.test(user)) return undefined;
  // Lax, not Strict: the browser comes back from Google with this cookie.
  return `user=${user}.${signature(user)}; Path=/; HttpOnly; SameSite=Lax`;
}

/** Who is signed in, by the header `Cookie`. */
export function userOf(cookie: string | null): string | undefined {
  const [, user = '', signed = ''] = /(?:^|; )user=([\w-]+)\.([\w-]+)/.exec(cookie ?? '') ?? [];
  const [given, right] = [Buffer.from(signed), Buffer.from(signature(user))];
  return given.length === right.length && timingSafeEqual(given, right) ? user : undefined;
}

function signature(user: string): string {
  const { SESSION_SECRET: secret } = process.env;
  if (!secret) throw new Error('SESSION_SECRET is not set');
  return createHmac('sha256', secret).update(user).digest('base64url');
}
