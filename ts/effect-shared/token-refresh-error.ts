/** Why a token could not be refreshed. */

import {
  NotConnectedError,
  RefreshCallbackError,
  RefreshTokenMissingError,
  TokenRevokedError,
  TokenkeepError,
} from 'tokenkeep';
import { taggedError } from './tagged-error.js';

/** For the first three, the user must connect again; `refresh_failed` may be temporary. */
export type TokenRefreshReason =
  'not_connected' | 'refresh_token_missing' | 'revoked' | 'refresh_failed';

/** A token could not be refreshed. */
export class TokenRefreshError extends taggedError('TokenRefreshError')<{
  readonly message: string;
  readonly provider?: string | undefined;
  readonly reason?: TokenRefreshReason | undefined;
  /** `ERR_TOKENKEEP_…` */
  readonly code?: string | undefined;
  /** Whether the same call may succeed later. */
  readonly retryable?: boolean | undefined;
  /** The failure or defect of the `refreshFn`, or else the error of tokenkeep. */
  readonly cause?: unknown;
}>() {}

/** Codes of failed refreshes; others concern the application or the database. */
const REFRESH = /^ERR_TOKENKEEP_(PROVIDER_|REFRESH_|CLIENT_(REJECTED|UNPROVEN)$)/;

/** Converts the error of a refresh; `undefined` for a defect, such as an unreachable database. */
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
