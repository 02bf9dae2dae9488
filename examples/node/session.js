/**
 * A stand-in for the application's own sign-in: whoever asks is signed in as anybody. Not for
 * production; put in its place what you have.
 */

import { createHmac, timingSafeEqual } from 'node:crypto';

const { SESSION_SECRET: secret } = process.env;
if (!secret) throw new Error('SESSION_SECRET is not set');

const USER = /^[\w-]{1,64}$/;

/** `GET /login?user=<id>` */
export function login(url, response) {
  const user = url.searchParams.get('user') ?? '';
  if (!USER.test(user)) return response.writeHead(400).end('user must be an id');
  // Lax, not Strict: the browser comes back from the provider with this cookie.
  const cookie = `user=${user}.${signatureOf(user)}; Path=/; HttpOnly; SameSite=Lax`;
  response.writeHead(303, { location: '/', 'set-cookie': cookie }).end();
}

/** Who is signed in. */
export function userOf({ headers }) {
  const [, user, signature] = /(?:^|; )user=([\w-]+)\.([\w-]+)/.exec(headers.cookie ?? '') ?? [];
  return user && isSame(signature, signatureOf(user)) ? user : undefined;
}

function signatureOf(user) {
  return createHmac('sha256', secret).update(user).digest('base64url');
}

function isSame(given, wanted) {
  const [left, right] = [Buffer.from(given), Buffer.from(wanted)];
  return left.length === right.length && timingSafeEqual(left, right);
}
