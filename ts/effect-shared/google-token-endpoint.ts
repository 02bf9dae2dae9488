/** Refreshes at Google's token endpoint, with the client of the environment. */

import * as Effect from 'effect/Effect';
import * as Option from 'effect/Option';
import { bare, env } from '../fields.js';
import { bytesOf } from '../response-body.js';
import { GoogleTokenRefreshError } from './google-errors.js';
import type { StoredToken } from './stored-token.js';

const TOKEN_URL = 'https://oauth2.googleapis.com/token';
const TIMEOUT_MS = 10_000;
/** What no answer of a token endpoint is larger than. */
const RESPONSE_MAX_BYTES = 1024 * 1024;
/** RFC 6749 allows more, but no provider says more; what is longer could be a token. */
const ERROR_CODE = /^[a-z_]{1,40}$/;

/**
 * Exchanges a refresh token. A token store of tokenkeep's does the same by itself, and better, when it
 * is given this very function.
 */
export function refreshGoogleToken(
  refreshToken: string,
): Effect.Effect<StoredToken, GoogleTokenRefreshError> {
  return Effect.tryPromise({
    try: (signal) => exchange(refreshToken, signal),
    catch: (cause) =>
      cause instanceof GoogleTokenRefreshError
        ? cause
        : failed('Google could not be asked for a new token', 'Try again later', cause),
  });
}

async function exchange(refreshToken: string, interrupted: AbortSignal): Promise<StoredToken> {
  const sentAt = Date.now();
  const response = await fetch(env['TOKENKEEP_GOOGLE_TOKEN_URL'] || TOKEN_URL, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: variable('GOOGLE_CLIENT_ID'),
      client_secret: variable('GOOGLE_CLIENT_SECRET'),
    }),
    redirect: 'error',
    signal: AbortSignal.any([interrupted, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  const answer = bare(await answerOf(response));
  const { access_token: accessToken, expires_in: expiresIn, scope } = answer;
  const next = answer['refresh_token'];
  if (response.ok && typeof accessToken === 'string' && typeof expiresIn === 'number') {
    return {
      accessToken,
      refreshToken: Option.some(typeof next === 'string' ? next : refreshToken),
      expiresAt: sentAt + expiresIn * 1_000,
      scopes: typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [],
      provider: 'google',
    };
  }
  const error = answer['error'];
  const code = typeof error === 'string' && ERROR_CODE.test(error) ? ` ${error}` : '';
  throw failed(
    `Google did not refresh the token: ${response.status}${code}`,
    error === 'invalid_grant' ? 'User needs to authorize Google Workspace access' : undefined,
  );
}

/** What the endpoint answers as JSON; nothing of what is none, or too large. */
async function answerOf(response: Response): Promise<Record<string, unknown>> {
  try {
    const bytes = await bytesOf(response, RESPONSE_MAX_BYTES + 1);
    if (bytes.byteLength > RESPONSE_MAX_BYTES) return {};
    return Object(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return {};
  }
}

function variable(name: string): string {
  const value = env[name];
  if (value) return value;
  throw failed(`${name} is not set`, `Set ${name}, as it is registered with Google`);
}

function failed(message: string, suggestion?: string, cause?: unknown): GoogleTokenRefreshError {
  return new GoogleTokenRefreshError({
    message,
    suggestion,
    ...(cause === undefined ? {} : { cause }),
  });
}
