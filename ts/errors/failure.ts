/**
 * From what the core tells to an error: one table of what a code becomes, which a test compares
 * with the core's list.
 */

import {
  AuthorizationError,
  ClientRejectedError,
  ClientUnprovenError,
  ClosedError,
  ConfigurationError,
  DatabaseError,
  DecryptionError,
  GmailNotConnectedError,
  GmailTokenRevokedError,
  InternalError,
  InvalidArgumentError,
  NotConnectedError,
  NotSealedError,
  ProviderRefusedError,
  ProviderResponseError,
  ProviderThrottledError,
  ProviderUnavailableError,
  RefreshCallbackError,
  RefreshOutcomeUnknownError,
  RefreshTimeoutError,
  RefreshTokenMissingError,
  RevokeUnconfirmedError,
  RowLockedError,
  SchemaError,
  TenantMismatchError,
  TenantRequiredError,
  TlsError,
  TokenRevokedError,
  type TokenkeepFailure,
} from './errors';

type ErrorClass = new (message?: string, options?: ErrorOptions) => Error & TokenkeepFailure;

/** What a code becomes, in the order of the core's list. */
export const classes: Readonly<Record<string, ErrorClass>> = {
  ERR_TOKENKEEP_INVALID_ARGUMENT: InvalidArgumentError,
  ERR_TOKENKEEP_CONFIGURATION: ConfigurationError,
  ERR_TOKENKEEP_DECRYPTION: DecryptionError,
  ERR_TOKENKEEP_NOT_SEALED: NotSealedError,
  ERR_TOKENKEEP_NOT_CONNECTED: NotConnectedError,
  ERR_TOKENKEEP_REVOKED: TokenRevokedError,
  ERR_TOKENKEEP_REFRESH_TOKEN_MISSING: RefreshTokenMissingError,
  ERR_TOKENKEEP_REFRESH_TIMEOUT: RefreshTimeoutError,
  ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN: RefreshOutcomeUnknownError,
  ERR_TOKENKEEP_PROVIDER_UNAVAILABLE: ProviderUnavailableError,
  ERR_TOKENKEEP_PROVIDER_THROTTLED: ProviderThrottledError,
  ERR_TOKENKEEP_PROVIDER_REFUSED: ProviderRefusedError,
  ERR_TOKENKEEP_CLIENT_REJECTED: ClientRejectedError,
  ERR_TOKENKEEP_CLIENT_UNPROVEN: ClientUnprovenError,
  ERR_TOKENKEEP_PROVIDER_RESPONSE: ProviderResponseError,
  ERR_TOKENKEEP_REFRESH_CALLBACK: RefreshCallbackError,
  ERR_TOKENKEEP_DATABASE: DatabaseError,
  ERR_TOKENKEEP_ROW_LOCKED: RowLockedError,
  ERR_TOKENKEEP_SCHEMA: SchemaError,
  ERR_TOKENKEEP_TLS: TlsError,
  ERR_TOKENKEEP_AUTHORIZATION: AuthorizationError,
  ERR_TOKENKEEP_REVOKE_UNCONFIRMED: RevokeUnconfirmedError,
  ERR_TOKENKEEP_TENANT_MISMATCH: TenantMismatchError,
  ERR_TOKENKEEP_TENANT_REQUIRED: TenantRequiredError,
  ERR_TOKENKEEP_CLOSED: ClosedError,
  ERR_TOKENKEEP_INTERNAL: InternalError,
};

/** A store's own classes for the two codes that callers match by class. */
const storeClasses: Readonly<Record<string, Readonly<Record<string, ErrorClass>>>> = {
  gmail: {
    ERR_TOKENKEEP_NOT_CONNECTED: GmailNotConnectedError,
    ERR_TOKENKEEP_REVOKED: GmailTokenRevokedError,
  },
};

/** How the core tells a failure. */
export interface Failure {
  code: string;
  message: string;
  retryable: boolean;
  details: Readonly<Record<string, unknown>>;
  cause?: unknown;
}

/** Builds the error that a failure stands for. Call it where the caller's stack is. */
export function errorOf(failure: Failure): Error & TokenkeepFailure {
  const { store, causeId: _, ...fields } = failure.details;
  const own = typeof store === 'string' ? storeClasses[store]?.[failure.code] : undefined;
  const Class = own ?? classes[failure.code] ?? InternalError;
  const hasCause = Object.hasOwn(failure, 'cause');
  const error = new Class(failure.message, hasCause ? { cause: failure.cause } : undefined);
  return Object.assign(error, fields, { retryable: failure.retryable });
}

/** Runs a synchronous export of the core, which throws a plain error with our code. */
export function attempt<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (thrown) {
    const { code, message, retryable } = thrown as Partial<Failure>;
    if (retryable !== undefined || !code?.startsWith('ERR_TOKENKEEP_')) throw thrown;
    throw errorOf({ code, message: message ?? '', retryable: false, details: {} });
  }
}
