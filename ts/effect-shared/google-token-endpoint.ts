/** Refreshes at Google's token endpoint, with the client of the environment. */

import * as Effect from 'effect/Effect';
import * as Option from 'effect/Option';
import { bare, env } from '../input/fields.js';
import { bytesOf } from '../bridge/response-body.js';
import { GoogleTokenRefreshError } from './google-errors.js';
import type { StoredToken } from './stored-token.js';

const TOKEN_URL = 'https://oauth2.googleapis.com/token';
const TIMEOUT_MS = 10_000;
/** What no answer of a token endpoint is larger than. */
const RESPONSE_MAX_BYTES = 1024 * 1024;
/** Of an answer that names none that can be read. */
const LIFETIME_S = 3_600;
/** Ten years. */
const LIFETIME_MAX_S = 315_360_000;
/** What a message repeats (RFC 6749, section 5.2; Google's own): any other text may be a token. */
const ERROR_CODES: ReadonlySet<unknown> = new Set([
  'access_denied',
  'admin_policy_enforced',
  'invalid_client',
  'invalid_grant',
  'invalid_request',
  'invalid_scope',
  'org_internal',
  'rate_limit_exceeded',
  'unauthorized_client',
  'unsupported_grant_type',
]);

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
  const response = await fetch(tokenUrl(), {
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
  // What stands beside an access token is no reason to throw it away.
  if (response.ok && typeof accessToken === 'string' && accessToken !== '') {
    return {
      accessToken,
      refreshToken: Option.some(typeof next === 'string' && next !== '' ? next : refreshToken),
      expiresAt: sentAt + lifetimeOf(expiresIn) * 1_000,
      scopes: typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [],
      provider: 'google',
    };
  }
  const error = answer['error'];
  const code = ERROR_CODES.has(error) ? ` ${String(error)}` : '';
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

/** In seconds. */
function lifetimeOf(expiresIn: unknown): number {
  const seconds = Number(expiresIn);
  return seconds >= 1 ? Math.min(seconds, LIFETIME_MAX_S) : LIFETIME_S;
}

/** Google's own, or the one of the environment: with TLS, as the core asks for it. */
function tokenUrl(): string {
  const url = env['TOKENKEEP_GOOGLE_TOKEN_URL'] || TOKEN_URL;
  const allowed = env['TOKENKEEP_ALLOW_INSECURE_REQUESTS'] === '1';
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isSafe = parsed?.protocol === 'https:' || isLoopback(parsed?.hostname ?? '');
  if (parsed && (isSafe || allowed)) return url;
  throw failed(
    'TOKENKEEP_GOOGLE_TOKEN_URL must begin with https://',
    'Within a network that you trust, set TOKENKEEP_ALLOW_INSECURE_REQUESTS=1',
  );
}

function isLoopback(host: string): boolean {
  const isAddress = /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host) || host === '[::1]';
  return isAddress || host === 'localhost' || host.endsWith('.localhost');
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
