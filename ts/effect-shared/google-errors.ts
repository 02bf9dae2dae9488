/** Errors of access to a Google account. */

import { taggedError } from './tagged-error.js';

/** The fields of all these errors. */
export interface GoogleProblem {
  readonly message: string;
  /** What to do about it. */
  readonly suggestion?: string | undefined;
  readonly cause?: unknown;
}

/** Nobody is signed in, or the user has not connected Google. */
export class GoogleAuthenticationError extends taggedError(
  'GoogleAuthenticationError',
)<GoogleProblem>() {}

/** The access token has expired. */
export class GoogleTokenExpiredError extends taggedError(
  'GoogleTokenExpiredError',
)<GoogleProblem>() {}

/** Google did not refresh the token. */
export class GoogleTokenRefreshError extends taggedError(
  'GoogleTokenRefreshError',
)<GoogleProblem>() {}

/** The user must grant more scopes. */
export class GoogleScopeExpansionRequiredError extends taggedError(
  'GoogleScopeExpansionRequiredError',
)<
  GoogleProblem & {
    /** Requested scopes that are not granted. */
    readonly missingScopes: ReadonlyArray<string>;
    /** Granted scopes. */
    readonly currentScopes?: ReadonlyArray<string> | undefined;
  }
>() {}

/** A Google API returned an error. */
export class GoogleApiError extends taggedError('GoogleApiError')<
  GoogleProblem & { readonly statusCode?: number | undefined }
>() {}

/** A Google API limits the rate of requests. */
export class GoogleRateLimitError extends taggedError('GoogleRateLimitError')<
  GoogleProblem & { readonly retryAfterMs?: number | undefined }
>() {}
