//! The one error of the core: what failed, at which step, and what to do about it.
//!
//! No variant holds a token, a key, a client secret, a row or a text of the database server:
//! a provider's body is reduced to status and `error` code.

mod code;
mod not_authorized;
mod text;
mod unproven;

use std::borrow::Cow;

pub use code::Kind;
pub use not_authorized::NotAuthorized;
pub use unproven::Unproven;

/// Everything that can go wrong. Cloned to each caller of a shared refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// An argument was refused before anything was sent. Becomes `InvalidArgumentError`.
    InvalidArgument {
        /// The argument's name as the caller knows it.
        argument: &'static str,
        /// What is wrong with it.
        reason: Cow<'static, str>,
    },
    /// An option or environment variable is missing or malformed. Becomes `ConfigurationError`.
    Configuration {
        /// The variable's name.
        option: &'static str,
        /// What is wrong and how to mend it.
        reason: Cow<'static, str>,
    },
    /// A sealed value does not open. One text for every reason. Becomes `DecryptionError`.
    Decryption,
    /// A value stands in plaintext where only sealed ones are accepted. Becomes `NotSealedError`.
    NotSealed,
    /// The row does not exist. Becomes the store's own class, such as `GmailNotConnectedError`.
    NotConnected {
        /// The store's name.
        store: &'static str,
        /// What the caller is told.
        text: Cow<'static, str>,
    },
    /// The grant is dead at the provider. Becomes the store's own class, such as
    /// `GmailTokenRevokedError`.
    Revoked {
        /// The store's name.
        store: &'static str,
        /// HTTP status, when the provider has just said so.
        status: Option<u16>,
        /// `invalid_grant`, or what this provider says instead.
        reason: Cow<'static, str>,
    },
    /// The token is spent and there is no refresh token. Becomes `RefreshTokenMissingError`.
    RefreshTokenMissing,
    /// The caller's deadline passed while somebody refreshed. Becomes `RefreshTimeoutError`.
    RefreshTimeout {
        /// How long the caller waited.
        waited_ms: u64,
    },
    /// The request was sent and nobody knows whether it took effect. Becomes
    /// `RefreshOutcomeUnknownError`.
    OutcomeUnknown {
        /// Why it is not known.
        reason: Cow<'static, str>,
    },
    /// The provider could not be reached or said 5xx. Becomes `ProviderUnavailableError`.
    ProviderUnavailable {
        /// HTTP status, when there was an answer.
        status: Option<u16>,
        /// What happened.
        reason: Cow<'static, str>,
    },
    /// The provider throttles. Becomes `ProviderThrottledError`.
    ProviderThrottled {
        /// What the provider asked for.
        retry_after_ms: Option<u64>,
    },
    /// The provider refused for another reason than the grant. Becomes `ProviderRefusedError`.
    ProviderRefused {
        /// HTTP status.
        status: u16,
        /// The `error` code of RFC 6749, section 5.2.
        reason: Cow<'static, str>,
    },
    /// The provider refused the application's own credentials. Becomes `ClientRejectedError`.
    ClientRejected {
        /// `invalid_client`, or what the provider says instead.
        error: Cow<'static, str>,
    },
    /// The provider calls a grant dead, and this client's word is not enough to end the row. Becomes
    /// `ClientUnprovenError`.
    ClientUnproven {
        /// What speaks against it.
        why: Unproven,
    },
    /// A success that is no token response. Becomes `ProviderResponseError`.
    ProviderResponse {
        /// What is wrong with it.
        reason: Cow<'static, str>,
    },
    /// The caller's `refreshFn` threw. Becomes `RefreshCallbackError` with the thrown object as
    /// its cause.
    RefreshFn {
        /// Where the JavaScript API keeps the thrown object.
        cause_id: u32,
        /// Whether the same call may succeed later: not where it threw a refusal that stays.
        retryable: bool,
    },
    /// A statement failed. Becomes `DatabaseError`.
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
    },
    /// The application's `databasePassword` gave no password. Becomes `DatabaseError`, with what it threw
    /// as its cause.
    DatabasePassword {
        /// What tokenkeep was doing.
        step: &'static str,
        /// What is wrong; nothing of what was thrown.
        reason: &'static str,
        /// Where the JavaScript API keeps the thrown object.
        cause_id: Option<u32>,
    },
    /// Another transaction holds the row. Becomes `RowLockedError`.
    RowLocked {
        /// What tokenkeep was doing.
        step: &'static str,
    },
    /// The table lacks what tokenkeep needs. Becomes `SchemaError`.
    Schema {
        /// What is missing and what to run.
        reason: Cow<'static, str>,
    },
    /// No encrypted connection to the database came about. Becomes `TlsError`.
    Tls {
        /// Why, and what to change.
        reason: &'static str,
    },
    /// A user could not be connected, or not that way. Becomes `AuthorizationError`.
    Authorization {
        /// Why.
        reason: NotAuthorized,
        /// What the server said: its status and `error` code.
        detail: Option<Cow<'static, str>>,
    },
    /// A token was deleted, and the provider could not be told. Becomes `RevokeUnconfirmedError`.
    RevokeUnconfirmed {
        /// What stood in the way.
        reason: Cow<'static, str>,
    },
    /// The user's row belongs to another tenant, or would. Becomes `TenantMismatchError`.
    TenantMismatch {
        /// Whether it is row-level security that refuses the row.
        by_policy: bool,
    },
    /// Row-level security hides the rows from this role. Becomes `TenantRequiredError`.
    TenantRequired {
        /// The table.
        table: &'static str,
    },
    /// The instance was closed. Becomes `ClosedError`.
    Closed,
    /// A defect of tokenkeep. Becomes `InternalError`.
    Internal {
        /// Where it was noticed.
        reason: Cow<'static, str>,
    },
}

/// Shorthand of the whole core.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The store in `npx tokenkeep migrate --store NAME`, where the database is not told which one it is.
pub(crate) const STORE: &str = "NAME";

impl Error {
    /// The same, for one store: what a [`Error::Schema`] says to run names it in place of [`STORE`].
    #[must_use]
    pub fn of_store(self, store: &str) -> Self {
        match self {
            Self::Schema { reason } => Self::Schema { reason: reason.replace(STORE, store).into() },
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
        Self::Authorization { reason, detail: None }
    }

    /// A user could not be connected, and what the server said of it.
    pub fn not_authorized(reason: NotAuthorized, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Authorization { reason, detail: Some(detail.into()) }
    }

    /// Whether it is what came of asking the provider, the grant's own end apart.
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
    pub fn configuration(option: &'static str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Configuration { option, reason: reason.into() }
    }

    /// A defect of ours.
    pub fn internal(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Internal { reason: reason.into() }
    }
}

impl std::error::Error for Error {}
