/** The errors: real classes with stable codes, made in the caller's own realm. */

/** What every error of tokenkeep has beside `name`, `message`, `stack` and `cause`. */
export interface TokenkeepFailure {
  /** Stable, `ERR_TOKENKEEP_…`. */
  readonly code: string;
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;
}

/** Defines it, as an assignment would: that fails where `Error.prototype` is frozen. */
function giveName(error: Error, value: string): void {
  const own = { value, writable: true, enumerable: true, configurable: true };
  Object.defineProperty(error, 'name', own);
}

/** The base of all errors of tokenkeep but {@link InvalidArgumentError}. */
export class TokenkeepError extends Error implements TokenkeepFailure {
  readonly code: string = 'ERR_TOKENKEEP_INTERNAL';
  readonly retryable: boolean = false;

  constructor(message?: string, options?: ErrorOptions) {
    super(message, options);
    giveName(this, new.target.name);
  }
}

/**
 * An argument was refused before anything was sent.
 * @remarks Mend the call: `argument` names what was refused.
 */
export class InvalidArgumentError extends TypeError implements TokenkeepFailure {
  readonly code = 'ERR_TOKENKEEP_INVALID_ARGUMENT';
  readonly retryable = false;
  /** The argument's name. */
  readonly argument: string | undefined;

  constructor(message?: string, options?: ErrorOptions & { argument?: string }) {
    super(message, options);
    giveName(this, new.target.name);
    this.argument = options?.argument;
  }
}

/**
 * An option or environment variable is missing or malformed.
 * @remarks Mend the setting: the message names the variable or option.
 */
export class ConfigurationError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_CONFIGURATION';
  /** The variable, or the option where there is no variable. */
  declare readonly option?: string;

  constructor(message?: string, options?: ErrorOptions & { option?: string }) {
    super(message, options);
    if (options?.option !== undefined) this.option = options.option;
  }
}

/**
 * A sealed value does not open: malformed, altered, or sealed with a key that is not here.
 * @remarks Give the key that sealed it back, or have the user connect again.
 */
export class DecryptionError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_DECRYPTION';
}

/**
 * A token stands in plaintext where only sealed ones are accepted (`requireSealed`).
 * @remarks Seal what is left, or take `requireSealed` away.
 */
export class NotSealedError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_NOT_SEALED';
}

/**
 * There is no row for this user: the user must connect.
 * @remarks Show "connect".
 */
export class NotConnectedError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_NOT_CONNECTED';
}

/**
 * The provider says that the grant is dead: the user must connect again.
 * @remarks Show "connect again". The row is gone (gmail, calendar), or marked.
 */
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

/**
 * The access token is spent and no refresh token is stored: the user must connect again.
 * @remarks Show "connect again"; at Google with `access_type=offline` and `prompt=consent`.
 */
export class RefreshTokenMissingError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_REFRESH_TOKEN_MISSING';
}

/**
 * Somebody else's refresh did not finish in time.
 * @remarks Try again.
 */
export class RefreshTimeoutError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_REFRESH_TIMEOUT';
  override readonly retryable = true;
}

/**
 * A refresh was sent, and it is not known whether it took effect.
 * @remarks Try again: tokenkeep itself asks again when that is safe.
 */
export class RefreshOutcomeUnknownError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN';
  override readonly retryable = true;
}

/**
 * The token endpoint could not be reached, or answered 5xx.
 * @remarks Try again later.
 */
export class ProviderUnavailableError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_PROVIDER_UNAVAILABLE';
  override readonly retryable = true;
  /** The HTTP status, when there was an answer. */
  declare readonly status?: number;
}

/**
 * The token endpoint asks to slow down.
 * @remarks Try again after `retryAfterMs`.
 */
export class ProviderThrottledError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_PROVIDER_THROTTLED';
  override readonly retryable = true;
  /** What it asked for, when it did. */
  declare readonly retryAfterMs?: number;
}

/**
 * The token endpoint refused for another reason than the grant, perhaps this row's or its tenant's alone.
 * @remarks Read the provider's `error` code in the message. Where it says so of a dead grant, name
 * that in `deadGrant` of the provider's description.
 */
export class ProviderRefusedError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_PROVIDER_REFUSED';
  /** The HTTP status. */
  declare readonly status?: number;
}

/**
 * The token endpoint refused the application's own client id or secret.
 * @remarks Mend client id or secret (also Zoho's `invalid_client_secret`), or `clientAuthentication`
 * where the client is registered for another than `client_secret_post`. No stored token was
 * touched; the endpoint is asked again after 30 s.
 */
export class ClientRejectedError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_CLIENT_REJECTED';
}

/**
 * The provider calls a grant dead, and the word of this client is not enough to end the connection: a
 * provider says so of every refresh token of another client.
 * @remarks Look at `reason`, and check client id and token URL of this deployment. No stored token was
 * touched. It clears by itself once this client refreshes a token.
 */
export class ClientUnprovenError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_CLIENT_UNPROVEN';
  override readonly retryable = true;
  /**
   * `other_client`: another client stored or last refreshed these tokens. `never_refreshed`: an old
   * service stored them, and this client has never refreshed any. `too_many`: many connections ended
   * one after the other.
   */
  declare readonly reason?: 'other_client' | 'never_refreshed' | 'too_many';
}

/**
 * The token endpoint's answer is no token response.
 * @remarks Try again; if it stays, see whether the token URL is right.
 */
export class ProviderResponseError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_PROVIDER_RESPONSE';
  override readonly retryable = true;
}

/**
 * A `refreshFn` threw; `cause` is the very object that it threw.
 * @remarks Look at `cause`.
 */
export class RefreshCallbackError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_REFRESH_CALLBACK';
  /** False where it threw a refusal that stays, such as `response.status` 400. */
  override readonly retryable: boolean = true;
}

/**
 * A statement failed in the database.
 * @remarks Look at `sqlstate` and `constraint`.
 */
export class DatabaseError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_DATABASE';
  override readonly retryable: boolean = false;
  /** The SQLSTATE, when the server answered. */
  declare readonly sqlstate?: string;
  /** The constraint that refused, when one did. */
  declare readonly constraint?: string;
}

/**
 * Another transaction, perhaps the application's own open one, holds the row.
 * @remarks Try again; commit the application's own transaction first.
 */
export class RowLockedError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_ROW_LOCKED';
  override readonly retryable = true;
}

/**
 * The database lacks a table or column, or was migrated by a newer tokenkeep; or something in it, such as a
 * trigger, drops or changes what is written.
 * @remarks Run `npx tokenkeep migrate`, or `npx tokenkeep doctor`; the message says what is wrong.
 */
export class SchemaError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_SCHEMA';
}

/**
 * No encrypted connection to the database came about.
 * @remarks The message says what to change: `sslmode`, `sslrootcert`, the server's certificate.
 */
export class TlsError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_TLS';
}

/** Why a user could not be connected. */
export type NotAuthorizedReason =
  | 'expired'
  | 'another_browser'
  | 'another_user'
  | 'another_issuer'
  | 'denied'
  | 'server_refused'
  | 'code_refused'
  | 'client_rejected'
  | 'server_unavailable'
  | 'scopes_missing'
  | 'refresh_token_missing';

/**
 * A user could not be connected; nothing was stored.
 * @remarks Look at `reason`; the user may begin again.
 */
export class AuthorizationError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_AUTHORIZATION';
  /** Why. */
  declare readonly reason?: NotAuthorizedReason;
}

/**
 * A token was deleted, and the provider could not be told to revoke it.
 * @remarks Have the user remove the application in the account's settings at the provider. The row
 * is gone.
 */
export class RevokeUnconfirmedError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_REVOKE_UNCONFIRMED';
}

/**
 * The token lacks scopes that were asked for: the user must agree to more.
 * @remarks Send the user to consent to `missingScopes`, too.
 */
export class ScopesMissingError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_SCOPES_MISSING';
  /** Which. */
  declare readonly missingScopes: string[];
  /** Which are granted. */
  declare readonly scopes: string[];

  constructor(message = 'The token lacks scopes', options?: ErrorOptions) {
    super(message, options);
  }
}

/**
 * The user's row belongs to another tenant, or would.
 * @remarks Delete the other tenant's row first; call within `withTenant` of the row's tenant.
 */
export class TenantMismatchError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_TENANT_MISMATCH';
}

/**
 * Row-level security hides the rows from this database role.
 * @remarks Call within `withTenant`, or use a role that owns the table or has `BYPASSRLS`.
 */
export class TenantRequiredError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_TENANT_REQUIRED';
}

/**
 * The instance was closed.
 * @remarks Use an instance that is open.
 */
export class ClosedError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_CLOSED';
}

/**
 * A defect of tokenkeep.
 * @remarks Report it.
 */
export class InternalError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_INTERNAL';
}

/**
 * The native part of tokenkeep could not be loaded.
 * @remarks Install, build or allow what the message names.
 */
export class NativeMissingError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_NATIVE_MISSING';
}
