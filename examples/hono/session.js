/**
 * A stand-in for the application's own sign-in: whoever asks is signed in as anybody. Not for
 * production; put in its place what you have.
 */

import { getSignedCookie, setSignedCookie } from 'hono/cookie';

const COOKIE = 'user';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const { SESSION_SECRET: secret } = process.env;
if (!secret) throw new Error('SESSION_SECRET is not set');

/** `GET /login?user=<uuid>` */
export async function login(c) {
  const user = c.req.query('user');
  if (!UUID.test(user)) return c.text('user must be a UUID', 400);
  // Lax, not Strict: the browser comes back from Google with this cookie.
  await setSignedCookie(c, COOKIE, user, secret, { httpOnly: true, sameSite: 'Lax' });
  return c.redirect('/');
}

/** Who is signed in. */
export async function userOf(c) {
  return (await getSignedCookie(c, secret, COOKIE)) || undefined;
}
