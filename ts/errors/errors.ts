/** The error classes, with stable codes. Their errors are created in the caller's realm. */

/** What every error of tokenkeep has, in addition to `name`, `message`, `stack` and `cause`. */
export interface TokenkeepFailure {
  /** Stable, `ERR_TOKENKEEP_…`. */
  readonly code: string;
  /** Whether the same call may succeed later without any change. */
  readonly retryable: boolean;
}

/** Defines the name. An assignment would fail if `Error.prototype` is frozen. */
function giveName(error: Error, value: string): void {
  const own = { value, writable: true, enumerable: true, configurable: true };
  Object.defineProperty(error, 'name', own);
}

/** The base class of all errors of tokenkeep except {@link InvalidArgumentError}. */
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
 * @remarks Correct the call: `argument` is the name of the argument.
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
 * @remarks Correct the setting: the message names the variable or option.
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
 * A sealed value cannot be opened: it is malformed, altered, or sealed with a missing key.
 * @remarks Restore the key that sealed it, or have the user connect again.
 */
export class DecryptionError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_DECRYPTION';
}

/**
 * A token is stored in plaintext, but only sealed tokens are accepted (`requireSealed`).
 * @remarks Seal the remaining tokens, or remove `requireSealed`.
 */
export class NotSealedError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_NOT_SEALED';
}

/**
 * Nothing is stored for this user: the user must connect.
 * @remarks Show "connect".
 */
export class NotConnectedError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_NOT_CONNECTED';
}

/**
 * The provider says that the grant is dead: the user must connect again.
 * @remarks Show "connect again". The row is deleted (gmail, calendar) or marked as revoked.
 */
export class TokenRevokedError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_REVOKED';
  /**
   * Why, in a word: the provider's `error`, if it is a known one, or the `code` of a rule of the provider's
   * description, such as `AADSTS65001`. Never other text of the provider.
   */
  declare readonly providerCode?: string;
}

/** This user has no row in `gmail_tokens`. */
export class GmailNotConnectedError extends NotConnectedError {
  constructor(message = 'Gmail is not connected for this user', options?: ErrorOptions) {
    super(message, options);
  }
}

/** Google says that access was revoked or has expired; the row is deleted. */
export class GmailTokenRevokedError extends TokenRevokedError {
  constructor(message = 'Gmail access was revoked; connect again', options?: ErrorOptions) {
    super(message, options);
  }
}

/**
 * The access token has expired and no refresh token is stored: the user must connect again.
 * @remarks Show "connect again"; at Google with `access_type=offline` and `prompt=consent`.
 */
export class RefreshTokenMissingError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_REFRESH_TOKEN_MISSING';
}

/**
 * A refresh by another caller or process did not finish in time.
 * @remarks Try again.
 */
export class RefreshTimeoutError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_REFRESH_TIMEOUT';
  override readonly retryable = true;
}

/**
 * A refresh was sent, and it is not known whether it took effect.
 * @remarks Try again: tokenkeep repeats the request once that is safe.
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
 * The token endpoint limits requests.
 * @remarks Try again after `retryAfterMs`.
 */
export class ProviderThrottledError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_PROVIDER_THROTTLED';
  override readonly retryable = true;
  /** How long to wait, if the token endpoint said so. */
  declare readonly retryAfterMs?: number;
}

/**
 * The token endpoint refused for another reason than a dead grant, perhaps for this row or tenant only.
 * @remarks Read `providerCode`. If the provider uses it for a dead grant, add it
 * to `errors` of the provider's description.
 */
export class ProviderRefusedError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_PROVIDER_REFUSED';
  /** The HTTP status. */
  declare readonly status?: number;
  /** As in {@link TokenRevokedError.providerCode}. */
  declare readonly providerCode?: string;
}

/**
 * The token endpoint refused the application's own client id or secret.
 * @remarks Correct client id or secret (for Zoho's `invalid_client_secret`, too), or
 * `clientAuthentication` if the client is registered for another method than `client_secret_post`. No stored
 * token was changed. The next request is sent after 30 s.
 */
export class ClientRejectedError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_CLIENT_REJECTED';
  /** As in {@link TokenRevokedError.providerCode}. */
  declare readonly providerCode?: string;
}

/**
 * The provider says that a grant is dead, but this client is unproven: a provider says so for every refresh
 * token of another client, so the connection is kept.
 * @remarks Read `reason`, and check client id and token URL of this deployment. No stored token was changed.
 * The client is proven again once it refreshes a token.
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
 * The token endpoint's answer is not a token response.
 * @remarks Try again. If the error persists, check the token URL.
 */
export class ProviderResponseError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_PROVIDER_RESPONSE';
  override readonly retryable = true;
}

/**
 * A `refreshFn` threw; `cause` is the very object that it threw.
 * @remarks Read `cause`.
 */
export class RefreshCallbackError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_REFRESH_CALLBACK';
  /** False if it threw a lasting refusal, such as `response.status` 400. */
  override readonly retryable: boolean = true;
}

/**
 * A statement failed in the database.
 * @remarks Read `sqlstate` and `constraint`.
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
 * The database lacks a table or column, or was migrated by a newer tokenkeep. Or something in it, such as a
 * trigger, drops or changes written values.
 * @remarks Run `npx tokenkeep migrate`, or `npx tokenkeep doctor`; the message says what is wrong.
 */
export class SchemaError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_SCHEMA';
}

/**
 * No encrypted connection to the database could be made.
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
 * @remarks Read `reason`; the user may begin again.
 */
export class AuthorizationError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_AUTHORIZATION';
  /** Why. */
  declare readonly reason?: NotAuthorizedReason;
  /** The key of the account, if a further one was to be connected. */
  declare readonly account?: string;
}

/**
 * A token was deleted, but the provider did not confirm that it is revoked.
 * @remarks Have the user remove the application in the account's settings at the provider. The row is deleted.
 */
export class RevokeUnconfirmedError extends TokenkeepError {
  override readonly code = 'ERR_TOKENKEEP_REVOKE_UNCONFIRMED';
}

/**
 * The token lacks requested scopes: the user must agree to more.
 * @remarks Have the user agree to `missingScopes`, too.
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
 * @remarks Delete the other tenant's row first, or call within `withTenant` of the row's tenant.
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
 * @remarks Use an open instance.
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
