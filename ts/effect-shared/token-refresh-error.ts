/** Why a token could not be refreshed. */

import {
  NotConnectedError,
  RefreshCallbackError,
  RefreshTokenMissingError,
  TokenRevokedError,
  TokenkeepError,
} from 'tokenkeep';
import { taggedError } from './tagged-error.js';

/** The first three need the user; the last may not. */
export type TokenRefreshReason =
  'not_connected' | 'refresh_token_missing' | 'revoked' | 'refresh_failed';

/** A token could not be refreshed. */
export class TokenRefreshError extends taggedError('TokenRefreshError')<{
  readonly message: string;
  readonly provider?: string | undefined;
  readonly reason?: TokenRefreshReason | undefined;
  /** `ERR_TOKENKEEP_…` */
  readonly code?: string | undefined;
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retryable?: boolean | undefined;
  /** What the `refreshFn` failed or died with, else tokenkeep's own error. */
  readonly cause?: unknown;
}>() {}

/** A provider, or a refresh, that failed: anything else is the application's or the database's. */
const REFRESH = /^ERR_TOKENKEEP_(PROVIDER_|REFRESH_|CLIENT_(REJECTED|UNPROVEN)$)/;

/** The error that a refresh failed with; nothing when it is a defect, such as a database that is away. */
export function tokenRefreshError(error: unknown, provider: string): TokenRefreshError | undefined {
  if (!(error instanceof TokenkeepError)) return undefined;
  const reason = reasonOf(error);
  if (!reason) return undefined;
  const { message, code, retryable } = error;
  const cause: unknown = error instanceof RefreshCallbackError ? error.cause : error;
  return new TokenRefreshError({ message, provider, reason, code, retryable, cause });
}

function reasonOf(error: TokenkeepError): TokenRefreshReason | undefined {
  if (error instanceof NotConnectedError) return 'not_connected';
  if (error instanceof RefreshTokenMissingError) return 'refresh_token_missing';
  if (error instanceof TokenRevokedError) return 'revoked';
  return REFRESH.test(error.code) ? 'refresh_failed' : undefined;
}
