/**
 * The errors: real classes with stable codes, made in the caller's own realm. One table says what
 * a code becomes; a test compares it with the core's list.
 */

/** What every error of tokenkeep has beside `name`, `message`, `stack` and `cause`. */
export interface TokenkeepFailure {
  /** Stable, `ERR_TOKENKEEP_…`. */
  readonly code: string;
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;
}

/** The base of all errors of tokenkeep but {@link InvalidArgumentError}. */
export class TokenkeepError extends Error implements TokenkeepFailure {
  readonly code: string = 'ERR_TOKENKEEP_INTERNAL';
  readonly retryable: boolean = false;

  constructor(message?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** An argument was refused before anything was sent. */
export class InvalidArgumentError extends TypeError implements TokenkeepFailure {
  readonly code = 'ERR_TOKENKEEP_INVALID_ARGUMENT';
  readonly retryable = false;
  /** The argument's name. */
  readonly argument: string | undefined;

  constructor(message?: string, options?: ErrorOptions & { argument?: string }) {
    super(message, options);
    this.name = new.target.name;
    this.argument = options?.argument;
  }
}

/** An option or environment variable is missing or malformed. */
export class ConfigurationError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_CONFIGURATION';
}

/** A sealed value does not open: malformed, altered, or sealed with a key that is not here. */
export class DecryptionError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_DECRYPTION';
}

/** There is no row for this user: the user must connect. */
export class NotConnectedError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_NOT_CONNECTED';
}

/** The provider says that the grant is dead: the user must connect again. */
export class TokenRevokedError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_REVOKED';
}

/** This user has no row in `gmail_tokens`. */
export class GmailNotConnectedError extends NotConnectedError {
  constructor(message = 'Gmail is not connected for this user', options?: ErrorOptions) {
    super(message, options);
  }
}

/** Google says that access was revoked or has expired; the row is gone. */
export class GmailTokenRevokedError extends TokenRevokedError {
  constructor(message = 'Gmail access was revoked; connect again', options?: ErrorOptions) {
    super(message, options);
  }
}

/** The access token is spent and no refresh token is stored: the user must connect again. */
export class RefreshTokenMissingError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_REFRESH_TOKEN_MISSING';
}

/** Somebody else's refresh did not finish in time. */
export class RefreshTimeoutError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_REFRESH_TIMEOUT';
  override readonly retryable = true;
}

/** A refresh was sent, and it is not known whether it took effect. */
export class RefreshOutcomeUnknownError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN';
  override readonly retryable = true;
}

/** The token endpoint could not be reached, or answered 5xx. */
export class ProviderUnavailableError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_PROVIDER_UNAVAILABLE';
  override readonly retryable = true;
  /** The HTTP status, when there was an answer. */
  declare readonly status?: number;
}

/** The token endpoint asks to slow down. */
export class ProviderThrottledError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_PROVIDER_THROTTLED';
  override readonly retryable = true;
  /** What it asked for, when it did. */
  declare readonly retryAfterMs?: number;
}

/** The token endpoint refused for another reason than the grant. */
export class ProviderRefusedError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_PROVIDER_REFUSED';
  /** The HTTP status. */
  declare readonly status?: number;
}

/** The token endpoint refused the application's own client id or secret. */
export class ClientRejectedError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_CLIENT_REJECTED';
}

/** The token endpoint's answer is no token response. */
export class ProviderResponseError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_PROVIDER_RESPONSE';
  override readonly retryable = true;
}

/** A `refreshFn` threw; `cause` is the very object that it threw. */
export class RefreshCallbackError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_REFRESH_CALLBACK';
  override readonly retryable = true;
}

/** A statement failed in the database. */
export class DatabaseError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_DATABASE';
  override readonly retryable: boolean = false;
  /** The SQLSTATE, when the server answered. */
  declare readonly sqlstate?: string;
  /** The constraint that refused, when one did. */
  declare readonly constraint?: string;
}

/** Another transaction, perhaps the application's own open one, holds the row. */
export class RowLockedError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_ROW_LOCKED';
  override readonly retryable = true;
}

/** The database lacks a table or column, or was migrated by a newer tokenkeep. */
export class SchemaError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_SCHEMA';
}

/** The user's row belongs to another tenant. */
export class TenantMismatchError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_TENANT_MISMATCH';
}

/** The instance was closed. */
export class ClosedError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_CLOSED';
}

/** A defect of tokenkeep. */
export class InternalError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_INTERNAL';
}

/** The native part of tokenkeep could not be loaded. */
export class NativeMissingError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_NATIVE_MISSING';
}

type ErrorClass = new (message?: string, options?: ErrorOptions) => Error & TokenkeepFailure;

/** What a code becomes, in the order of the core's list. */
export const classes: Readonly<Record<string, ErrorClass>> = {
  ERR_TOKENKEEP_INVALID_ARGUMENT: InvalidArgumentError,
  ERR_TOKENKEEP_CONFIGURATION: ConfigurationError,
  ERR_TOKENKEEP_DECRYPTION: DecryptionError,
  ERR_TOKENKEEP_NOT_CONNECTED: NotConnectedError,
  ERR_TOKENKEEP_REVOKED: TokenRevokedError,
  ERR_TOKENKEEP_REFRESH_TOKEN_MISSING: RefreshTokenMissingError,
  ERR_TOKENKEEP_REFRESH_TIMEOUT: RefreshTimeoutError,
  ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN: RefreshOutcomeUnknownError,
  ERR_TOKENKEEP_PROVIDER_UNAVAILABLE: ProviderUnavailableError,
  ERR_TOKENKEEP_PROVIDER_THROTTLED: ProviderThrottledError,
  ERR_TOKENKEEP_PROVIDER_REFUSED: ProviderRefusedError,
  ERR_TOKENKEEP_CLIENT_REJECTED: ClientRejectedError,
  ERR_TOKENKEEP_PROVIDER_RESPONSE: ProviderResponseError,
  ERR_TOKENKEEP_REFRESH_CALLBACK: RefreshCallbackError,
  ERR_TOKENKEEP_DATABASE: DatabaseError,
  ERR_TOKENKEEP_ROW_LOCKED: RowLockedError,
  ERR_TOKENKEEP_SCHEMA: SchemaError,
  ERR_TOKENKEEP_TENANT_MISMATCH: TenantMismatchError,
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
  const error = new Class(failure.message, 'cause' in failure ? { cause: failure.cause } : {});
  return Object.assign(error, fields, { retryable: failure.retryable });
}
