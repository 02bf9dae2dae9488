/** Refreshes at Google's token endpoint, with `GOOGLE_CLIENT_ID` and `GOOGLE_CLIENT_SECRET`. */

import * as Effect from 'effect/Effect';
import * as Option from 'effect/Option';
import { variableOf, withoutPrototype } from '../input/fields.js';
import { bytesOf } from '../bridge/response-body.js';
import { GoogleTokenRefreshError } from './google-errors.js';
import type { StoredToken } from './stored-token.js';

const TOKEN_URL = 'https://oauth2.googleapis.com/token';
const TIMEOUT_MS = 10_000;
/** The maximum size of a response. */
const RESPONSE_MAX_BYTES = 1024 * 1024;
/** The lifetime if the response has no valid one. */
const LIFETIME_S = 3_600;
/** Ten years. */
const LIFETIME_MAX_S = 315_360_000;
/** Codes that messages may contain (RFC 6749, section 5.2, and Google's): other text may be a token. */
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
 * Exchanges a refresh token. If a token store of tokenkeep is given this function, it refreshes with its own
 * HTTP client instead.
 */
export function refreshGoogleToken(
  refreshToken: string,
): Effect.Effect<StoredToken, GoogleTokenRefreshError> {
  return Effect.tryPromise({
    try: (signal) => exchange(refreshToken, signal),
    catch: (cause) =>
      cause instanceof GoogleTokenRefreshError
        ? cause
        : failed('Could not request a new token from Google', 'Try again later', cause),
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
  const answer = withoutPrototype(await answerOf(response));
  const { access_token: accessToken, expires_in: expiresIn, scope } = answer;
  const next = answer['refresh_token'];
  // Other members, even `error`, do not invalidate an access token.
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

/** The JSON body; empty if it is invalid or too large. */
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

/** Google's URL or that of the environment; `http://` is restricted in the same way as in the core. */
function tokenUrl(): string {
  const url = variableOf('TOKENKEEP_GOOGLE_TOKEN_URL') || TOKEN_URL;
  const allowed = variableOf('TOKENKEEP_ALLOW_INSECURE_REQUESTS') === '1';
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isSafe = parsed?.protocol === 'https:' || isLoopback(parsed?.hostname ?? '');
  if (parsed && (isSafe || allowed)) return url;
  throw failed(
    'TOKENKEEP_GOOGLE_TOKEN_URL must begin with https://',
    'In a trusted network, set TOKENKEEP_ALLOW_INSECURE_REQUESTS=1',
  );
}

function isLoopback(host: string): boolean {
  const isAddress = /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host) || host === '[::1]';
  return isAddress || host === 'localhost' || host.endsWith('.localhost');
}

function variable(name: string): string {
  const value = variableOf(name);
  if (value) return value;
  throw failed(`${name} is not set`, `Set ${name} to the value that is registered with Google`);
}

function failed(message: string, suggestion?: string, cause?: unknown): GoogleTokenRefreshError {
  return new GoogleTokenRefreshError({
    message,
    suggestion,
    ...(cause === undefined ? {} : { cause }),
  });
}
