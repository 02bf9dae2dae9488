//! The one error of the core: what failed, at which step, and what to do about it. This file declares each
//! error once; its JavaScript class, with the comment from which `docs/errors.md` is made, is in
//! `ts/errors/errors.ts`. It has over 400 lines because one macro declares all errors: the enum, its codes and
//! its texts cannot be spread over several files.
//!
//! No variant holds a token, a key, a client secret, a row or a text of the database server:
//! a provider's body is reduced to status and `error` code.

mod declare;
mod not_authorized;
mod sqlstate;
mod unproven;

use std::borrow::Cow;

use self::declare::errors;
pub use self::declare::{FieldValue, Kind};
pub use self::not_authorized::NotAuthorized;
pub use self::unproven::Unproven;

errors! {
    /// An argument was refused before anything was sent.
    InvalidArgument {
        /// The argument's name as the caller knows it.
        argument: &'static str,
        /// What is wrong with it.
        reason: Cow<'static, str>,
    }
    "ERR_TOKENKEEP_INVALID_ARGUMENT" InvalidArgumentError
    retryable: no,
    fields: { argument: argument },
    text: |f| write!(f, "{argument}: {reason}");

    /// An option or environment variable is missing or malformed.
    Configuration {
        /// The name of the variable, or of the option where there is no variable; of a part of an option
        /// its path, such as `providers.acme.tokenUrl`.
        option: Cow<'static, str>,
        /// What is wrong and how to correct it.
        reason: Cow<'static, str>,
    }
    "ERR_TOKENKEEP_CONFIGURATION" ConfigurationError
    retryable: no,
    fields: { option: option.split('.').next().unwrap_or_default() },
    text: |f| match &**option {
        // The message of hand-written vaults, which callers may match.
        "ENCRYPTION_SECRET" => write!(f, "{option} {reason}"),
        _ => write!(f, "{option}: {reason}"),
    };

    /// A sealed value does not open. One text for every reason.
    Decryption
    "ERR_TOKENKEEP_DECRYPTION" DecryptionError
    retryable: no,
    fields: {},
    text: |f| f.write_str(
        "Decryption failed: data may be corrupted or tampered with, or was sealed with another key",
    );

    /// A value is stored in plaintext where only sealed ones are accepted.
    NotSealed
    "ERR_TOKENKEEP_NOT_SEALED" NotSealedError
    retryable: no,
    fields: {},
    text: |f| f.write_str(
        "A token is stored in plaintext, and only sealed tokens are accepted (requireSealed). Seal the remaining tokens, or accept plaintext again",
    );

    /// The row does not exist. A store may have a class of its own, such as `GmailNotConnectedError`.
    NotConnected {
        /// The store's name.
        store: &'static str,
        /// The message.
        text: Cow<'static, str>,
    }
    "ERR_TOKENKEEP_NOT_CONNECTED" NotConnectedError
    retryable: no,
    fields: { store: store },
    text: |f| f.write_str(text);

    /// The grant is dead at the provider. A store may have a class of its own, such as
    /// `GmailTokenRevokedError`.
    Revoked {
        /// The store's name.
        store: &'static str,
        /// HTTP status, when the provider has just said so.
        status: Option<u16>,
        /// `invalid_grant`, or what this provider says instead.
        reason: Cow<'static, str>,
    }
    "ERR_TOKENKEEP_REVOKED" TokenRevokedError
    retryable: no,
    fields: { store: store, providerCode: provider_code(reason) },
    text: |f| {
        f.write_str("Token refresh failed: ")?;
        if let Some(status) = status {
            write!(f, "{status} - ")?;
        }
        write!(f, "{reason}. Access was revoked or has expired; the user must connect again")
    };

    /// The access token has expired and there is no refresh token.
    RefreshTokenMissing
    "ERR_TOKENKEEP_REFRESH_TOKEN_MISSING" RefreshTokenMissingError
    retryable: no,
    fields: {},
    text: |f| f.write_str(
        "The access token has expired and no refresh token is stored; the user must connect again",
    );

    /// The caller's deadline passed while another caller or process refreshed.
    RefreshTimeout {
        /// How long the caller waited.
        waited_ms: u64,
    }
    "ERR_TOKENKEEP_REFRESH_TIMEOUT" RefreshTimeoutError
    retryable: yes,
    fields: {},
    text: |f| write!(
        f,
        "Another refresh of this token did not finish within {waited_ms} ms; try again",
    );

    /// The request was sent, and it is not known whether it took effect.
    OutcomeUnknown {
        /// Why it is not known.
        reason: Cow<'static, str>,
    }
    "ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN" RefreshOutcomeUnknownError
    retryable: yes,
    fields: {},
    text: |f| write!(
        f,
        "It is not known whether the refresh took effect ({reason}); try again later",
    );

    /// The provider could not be reached or answered 5xx.
    ProviderUnavailable {
        /// HTTP status, when there was an answer.
        status: Option<u16>,
        /// What happened.
        reason: Cow<'static, str>,
    }
    "ERR_TOKENKEEP_PROVIDER_UNAVAILABLE" ProviderUnavailableError
    retryable: yes,
    fields: { status: status },
    text: |f| match status {
        Some(status) => write!(f, "Token refresh failed: {status} - {reason}; try again later"),
        None => write!(
            f,
            "Token refresh failed: the token endpoint could not be reached ({reason}); try again later",
        ),
    };

    /// The provider limits requests.
    ProviderThrottled {
        /// What the provider asked for.
        retry_after_ms: Option<u64>,
    }
    "ERR_TOKENKEEP_PROVIDER_THROTTLED" ProviderThrottledError
    retryable: yes,
    fields: { retryAfterMs: retry_after_ms },
    text: |f| match retry_after_ms {
        Some(ms) => write!(
            f,
            "Token refresh failed: the token endpoint asks to slow down; try again in {ms} ms",
        ),
        None => f.write_str(
            "Token refresh failed: the token endpoint asks to slow down; try again later",
        ),
    };

    /// The provider refused for another reason than the grant.
    ProviderRefused {
        /// HTTP status.
        status: u16,
        /// The `error` code of RFC 6749, section 5.2.
        reason: Cow<'static, str>,
    }
    "ERR_TOKENKEEP_PROVIDER_REFUSED" ProviderRefusedError
    retryable: no,
    fields: { status: status, providerCode: provider_code(reason) },
    text: |f| write!(f, "Token refresh failed: {status} - {reason}");

    /// The provider refused the application's own credentials.
    ClientRejected {
        /// `invalid_client`, or what the provider says instead.
        error: Cow<'static, str>,
    }
    "ERR_TOKENKEEP_CLIENT_REJECTED" ClientRejectedError
    retryable: no,
    fields: { providerCode: provider_code(error) },
    text: |f| write!(
        f,
        "Token refresh failed: {error}. The provider refused the application's own credentials. Check client id and client secret and, where the option providers describes the provider, its clientAuthentication (client_secret_basic if the client is registered for Basic). No stored token was changed",
    );

    /// The provider calls a grant dead, but this client is unproven: its row is kept.
    ClientUnproven {
        /// Why the client is unproven.
        why: Unproven,
    }
    "ERR_TOKENKEEP_CLIENT_UNPROVEN" ClientUnprovenError
    retryable: yes,
    fields: { reason: why },
    text: |f| write!(
        f,
        "Token refresh failed: invalid_grant, which is not believed: {}. Check client id and token URL of this deployment. No stored token was changed. Once this client refreshes a token, it is believed again",
        why.text(),
    );

    /// A success that is not a token response.
    ProviderResponse {
        /// What is wrong with it.
        reason: Cow<'static, str>,
    }
    "ERR_TOKENKEEP_PROVIDER_RESPONSE" ProviderResponseError
    retryable: yes,
    fields: {},
    text: |f| write!(f, "The refresh gave no usable token: {reason}");

    /// The caller's `refreshFn` threw. The thrown object is the error's cause.
    RefreshFn {
        /// Where the JavaScript API keeps the thrown object.
        cause_id: u32,
        /// Whether the same call may succeed later: not if it threw a lasting refusal.
        retryable: bool,
    }
    "ERR_TOKENKEEP_REFRESH_CALLBACK" RefreshCallbackError
    retryable: yes => *retryable,
    fields: { causeId: cause_id },
    text: |f| f.write_str("refreshFn failed; see cause");

    /// A statement failed.
    Database {
        /// What tokenkeep was doing.
        step: &'static str,
        /// Five characters, when the server answered.
        sqlstate: Option<String>,
        /// The constraint that refused, when one did.
        constraint: Option<String>,
        /// Why the server has said nothing; empty when it has.
        silence: &'static str,
        /// Whether the same call may succeed later.
        retryable: bool,
    }
    "ERR_TOKENKEEP_DATABASE" DatabaseError
    retryable: each => *retryable,
    fields: { sqlstate: sqlstate, constraint: constraint },
    text: |f| {
        write!(f, "The database failed to {step}")?;
        match sqlstate {
            Some(state) => write!(f, " (SQLSTATE {state}{}", sqlstate::meaning(state))?,
            None => write!(f, " ({silence}")?,
        }
        if let Some(name) = constraint {
            write!(f, ", constraint {name}")?;
        }
        f.write_str(")")
    };

    /// The application's `databasePassword` gave no password. What it threw is the error's cause.
    DatabasePassword {
        /// What tokenkeep was doing.
        step: &'static str,
        /// What is wrong; nothing of what was thrown.
        reason: &'static str,
        /// Where the JavaScript API keeps the thrown object.
        cause_id: Option<u32>,
    }
    "ERR_TOKENKEEP_DATABASE" DatabaseError
    retryable: each => true,
    fields: { causeId: cause_id },
    text: |f| write!(f, "The database failed to {step} (databasePassword {reason})");

    /// Another transaction holds the row.
    RowLocked {
        /// What tokenkeep was doing.
        step: &'static str,
    }
    "ERR_TOKENKEEP_ROW_LOCKED" RowLockedError
    retryable: yes,
    fields: {},
    text: |f| write!(
        f,
        "The database failed to {step}: another transaction holds the row. If it is this application's own open transaction, commit it first",
    );

    /// The table lacks what tokenkeep needs.
    Schema {
        /// What is missing and what to run.
        reason: Cow<'static, str>,
    }
    "ERR_TOKENKEEP_SCHEMA" SchemaError
    retryable: no,
    fields: {},
    text: |f| f.write_str(reason);

    /// No encrypted connection to the database could be made.
    Tls {
        /// Why, and what to change.
        reason: &'static str,
    }
    "ERR_TOKENKEEP_TLS" TlsError
    retryable: no,
    fields: {},
    text: |f| write!(f, "The database cannot be reached over TLS: {reason}");

    /// A user could not be connected, or not that way.
    Authorization {
        /// Why.
        reason: NotAuthorized,
        /// What the server said: its status and `error` code.
        detail: Option<Cow<'static, str>>,
        /// The key of the further account that was to be connected.
        account: Option<String>,
    }
    "ERR_TOKENKEEP_AUTHORIZATION" AuthorizationError
    retryable: no,
    fields: { reason: reason, account: account },
    text: |f| {
        write!(f, "Could not connect: {}", reason.text())?;
        detail.as_ref().map_or(Ok(()), |detail| write!(f, " ({detail})"))
    };

    /// A token was deleted, and the provider did not confirm its revocation.
    RevokeUnconfirmed {
        /// What prevented it.
        reason: Cow<'static, str>,
    }
    "ERR_TOKENKEEP_REVOKE_UNCONFIRMED" RevokeUnconfirmedError
    retryable: no,
    fields: {},
    text: |f| write!(
        f,
        "The token was deleted here, but the provider did not confirm that it is revoked: {reason}",
    );

    /// The user's row belongs to another tenant, or would.
    TenantMismatch {
        /// Whether row-level security refuses the row.
        by_policy: bool,
    }
    "ERR_TOKENKEEP_TENANT_MISMATCH" TenantMismatchError
    retryable: no,
    fields: {},
    text: |f| f.write_str(match by_policy {
        false => "tenantId: this user's tokens belong to another tenant; delete them there first",
        true => "Row-level security refuses the row: it belongs, or would belong, to another tenant than that of withTenant, or a column that the policy reads has no default",
    });

    /// Row-level security hides the rows from this role.
    TenantRequired {
        /// The table.
        table: &'static str,
    }
    "ERR_TOKENKEEP_TENANT_REQUIRED" TenantRequiredError
    retryable: no,
    fields: {},
    text: |f| write!(
        f,
        "Row-level security is active for this database role on {table} and hides every row, because no tenant is set. {}, or use a role that owns the table or has BYPASSRLS",
        match *table {
            "google_calendar_tokens" => "If the policy reads auth.uid(), set TOKENKEEP_JWT_CLAIMS=1",
            _ => "Call within withTenant(id, …)",
        },
    );

    /// The instance was closed.
    Closed
    "ERR_TOKENKEEP_CLOSED" ClosedError
    retryable: no,
    fields: {},
    text: |f| f.write_str("This tokenkeep instance was closed");

    /// A defect of tokenkeep.
    Internal {
        /// Where it was noticed.
        reason: Cow<'static, str>,
    }
    "ERR_TOKENKEEP_INTERNAL" InternalError
    retryable: no,
    fields: {},
    text: |f| write!(f, "Internal error of tokenkeep: {reason}");
}

/// Shorthand of the whole core.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the texts of [`Error::Schema`] say to run. [`Error::of_store`] adds the store; without one, the command
/// asks for it.
pub(crate) const MIGRATE: &str = "npx tokenkeep migrate";

/// A word of the provider, or of its description; `None`: a reason in our words, such as "no error code".
fn provider_code(reason: &str) -> Option<&str> {
    let is_ours = ["no ", "a ", "an "].iter().any(|article| reason.starts_with(article));
    (!is_ours).then_some(reason)
}

impl Error {
    /// The same error with the store's name in the command of [`Error::Schema`], unless it has one.
    #[must_use]
    pub fn of_store(self, store: &str) -> Self {
        match self {
            Self::Schema { reason } if !reason.contains("--store") => {
                let named = reason.replace(MIGRATE, &format!("{MIGRATE} --store {store}"));
                Self::Schema { reason: named.into() }
            }
            other => other,
        }
    }

    /// Whether the user has to connect again: no stored token may stand in for this error.
    #[must_use]
    pub fn ends_connection(&self) -> bool {
        matches!(self, Self::NotConnected { .. } | Self::Revoked { .. })
    }

    /// A user could not be connected.
    #[must_use]
    pub fn authorization(reason: NotAuthorized) -> Self {
        Self::Authorization { reason, detail: None, account: None }
    }

    /// A user could not be connected, with the server's answer.
    pub fn not_authorized(reason: NotAuthorized, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Authorization { reason, detail: Some(detail.into()), account: None }
    }

    /// The error of a flow for `provider`, which the key of a further account follows after `#`.
    #[must_use]
    pub fn for_account_of(mut self, provider: Option<&str>) -> Self {
        if let Self::Authorization { account, .. } = &mut self {
            let key = provider.and_then(|provider| provider.split_once('#'));
            *account = key.map(|(_, key)| key.to_owned());
        }
        self
    }

    /// Whether the provider or `refreshFn` failed, other than by a dead grant.
    #[must_use]
    pub fn is_of_provider(&self) -> bool {
        matches!(
            self,
            Self::ProviderUnavailable { .. }
                | Self::ProviderThrottled { .. }
                | Self::ProviderRefused { .. }
                | Self::ProviderResponse { .. }
                | Self::ClientRejected { .. }
                | Self::ClientUnproven { .. }
                | Self::OutcomeUnknown { .. }
                | Self::RefreshFn { .. }
        )
    }

    /// An argument that was refused.
    pub fn invalid(argument: &'static str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::InvalidArgument { argument, reason: reason.into() }
    }

    /// An option or variable that is missing or malformed.
    pub fn configuration(
        option: impl Into<Cow<'static, str>>,
        reason: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Configuration { option: option.into(), reason: reason.into() }
    }

    /// A defect of ours.
    pub fn internal(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Internal { reason: reason.into() }
    }
}

impl std::error::Error for Error {}
