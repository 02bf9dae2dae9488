/**
 * A stand-in for the application's own sign-in: whoever asks is signed in as anybody. Not for
 * production; put in its place what you have.
 */

import cookieParser from 'cookie-parser';

const COOKIE = 'user';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const { SESSION_SECRET: secret } = process.env;
if (!secret) throw new Error('SESSION_SECRET is not set');

export const session = cookieParser(secret);

/** `GET /login?user=<uuid>` */
export function login(request, response) {
  const { user } = request.query;
  if (!UUID.test(user)) return response.status(400).send('user must be a UUID');
  // Lax, not Strict: the browser comes back from Google with this cookie.
  response.cookie(COOKIE, user, { signed: true, httpOnly: true, sameSite: 'lax' });
  return response.redirect('/');
}

/** Who is signed in. */
export function userOf(request) {
  return request.signedCookies[COOKIE] || undefined;
}
