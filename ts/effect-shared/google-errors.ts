/** What can be wrong with a Google account's access, and what to do about it. */

import * as Data from 'effect/Data';

/** What every one of them says. */
export interface GoogleProblem {
  readonly message: string;
  /** What to do about it. */
  readonly suggestion?: string | undefined;
  readonly cause?: unknown;
}

/** Nobody is signed in, or the user has not connected Google. */
export class GoogleAuthenticationError extends Data.TaggedError(
  'GoogleAuthenticationError',
)<GoogleProblem> {}

/** The access token is spent. */
export class GoogleTokenExpiredError extends Data.TaggedError(
  'GoogleTokenExpiredError',
)<GoogleProblem> {}

/** Google did not refresh the token. */
export class GoogleTokenRefreshError extends Data.TaggedError(
  'GoogleTokenRefreshError',
)<GoogleProblem> {}

/** The user must agree to more scopes. */
export class GoogleScopeExpansionRequiredError extends Data.TaggedError(
  'GoogleScopeExpansionRequiredError',
)<
  GoogleProblem & {
    /** Which are wanted, and not granted. */
    readonly missingScopes: ReadonlyArray<string>;
    /** Which are granted. */
    readonly currentScopes?: ReadonlyArray<string> | undefined;
  }
> {}

/** An API of Google's answered with an error. */
export class GoogleApiError extends Data.TaggedError('GoogleApiError')<
  GoogleProblem & { readonly statusCode?: number | undefined }
> {}

/** An API of Google's asks to slow down. */
export class GoogleRateLimitError extends Data.TaggedError('GoogleRateLimitError')<
  GoogleProblem & { readonly retryAfterMs?: number | undefined }
> {}
