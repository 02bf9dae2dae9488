/** What can be wrong with a Google account's access, and what to do about it. */

import { taggedError } from './tagged-error.js';

/** What every one of them says. */
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

/** The access token is spent. */
export class GoogleTokenExpiredError extends taggedError(
  'GoogleTokenExpiredError',
)<GoogleProblem>() {}

/** Google did not refresh the token. */
export class GoogleTokenRefreshError extends taggedError(
  'GoogleTokenRefreshError',
)<GoogleProblem>() {}

/** The user must agree to more scopes. */
export class GoogleScopeExpansionRequiredError extends taggedError(
  'GoogleScopeExpansionRequiredError',
)<
  GoogleProblem & {
    /** Which are wanted, and not granted. */
    readonly missingScopes: ReadonlyArray<string>;
    /** Which are granted. */
    readonly currentScopes?: ReadonlyArray<string> | undefined;
  }
>() {}

/** An API of Google's answered with an error. */
export class GoogleApiError extends taggedError('GoogleApiError')<
  GoogleProblem & { readonly statusCode?: number | undefined }
>() {}

/** An API of Google's asks to slow down. */
export class GoogleRateLimitError extends taggedError('GoogleRateLimitError')<
  GoogleProblem & { readonly retryAfterMs?: number | undefined }
>() {}
