//! The stable codes that callers match on, and which of them are worth another try.

use super::Error;

/// What all errors of a code have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// `ERR_TOKENKEEP_…`.
    pub code: &'static str,
    /// Whether the same call may succeed later without anybody changing anything; `None` where
    /// each error says it for itself.
    pub retryable: Option<bool>,
}

const fn lasting(code: &'static str) -> Kind {
    Kind { code, retryable: Some(false) }
}

const fn passing(code: &'static str) -> Kind {
    Kind { code, retryable: Some(true) }
}

impl Error {
    /// Every code, in the order of the variants; the TypeScript table of classes is compared
    /// with it by a test.
    pub const KINDS: [Kind; 26] = [
        lasting("ERR_TOKENKEEP_INVALID_ARGUMENT"),
        lasting("ERR_TOKENKEEP_CONFIGURATION"),
        lasting("ERR_TOKENKEEP_DECRYPTION"),
        lasting("ERR_TOKENKEEP_NOT_SEALED"),
        lasting("ERR_TOKENKEEP_NOT_CONNECTED"),
        lasting("ERR_TOKENKEEP_REVOKED"),
        lasting("ERR_TOKENKEEP_REFRESH_TOKEN_MISSING"),
        passing("ERR_TOKENKEEP_REFRESH_TIMEOUT"),
        passing("ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN"),
        passing("ERR_TOKENKEEP_PROVIDER_UNAVAILABLE"),
        passing("ERR_TOKENKEEP_PROVIDER_THROTTLED"),
        lasting("ERR_TOKENKEEP_PROVIDER_REFUSED"),
        lasting("ERR_TOKENKEEP_CLIENT_REJECTED"),
        passing("ERR_TOKENKEEP_CLIENT_UNPROVEN"),
        passing("ERR_TOKENKEEP_PROVIDER_RESPONSE"),
        // Unless it threw a refusal that stays.
        passing("ERR_TOKENKEEP_REFRESH_CALLBACK"),
        Kind { code: "ERR_TOKENKEEP_DATABASE", retryable: None },
        passing("ERR_TOKENKEEP_ROW_LOCKED"),
        lasting("ERR_TOKENKEEP_SCHEMA"),
        lasting("ERR_TOKENKEEP_TLS"),
        lasting("ERR_TOKENKEEP_AUTHORIZATION"),
        lasting("ERR_TOKENKEEP_REVOKE_UNCONFIRMED"),
        lasting("ERR_TOKENKEEP_TENANT_MISMATCH"),
        lasting("ERR_TOKENKEEP_TENANT_REQUIRED"),
        lasting("ERR_TOKENKEEP_CLOSED"),
        lasting("ERR_TOKENKEEP_INTERNAL"),
    ];

    fn kind(&self) -> Kind {
        let index = match self {
            Self::InvalidArgument { .. } => 0,
            Self::Configuration { .. } => 1,
            Self::Decryption => 2,
            Self::NotSealed => 3,
            Self::NotConnected { .. } => 4,
            Self::Revoked { .. } => 5,
            Self::RefreshTokenMissing => 6,
            Self::RefreshTimeout { .. } => 7,
            Self::OutcomeUnknown { .. } => 8,
            Self::ProviderUnavailable { .. } => 9,
            Self::ProviderThrottled { .. } => 10,
            Self::ProviderRefused { .. } => 11,
            Self::ClientRejected { .. } => 12,
            Self::ClientUnproven { .. } => 13,
            Self::ProviderResponse { .. } => 14,
            Self::RefreshFn { .. } => 15,
            Self::Database { .. } | Self::DatabasePassword { .. } => 16,
            Self::RowLocked { .. } => 17,
            Self::Schema { .. } => 18,
            Self::Tls { .. } => 19,
            Self::Authorization { .. } => 20,
            Self::RevokeUnconfirmed { .. } => 21,
            Self::TenantMismatch { .. } => 22,
            Self::TenantRequired { .. } => 23,
            Self::Closed => 24,
            Self::Internal { .. } => 25,
        };
        Self::KINDS[index]
    }

    /// The stable code that callers match on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind().code
    }

    /// Whether a policy of row-level security may have failed, for want of a tenant: a setting that is not
    /// there, or is no UUID.
    #[must_use]
    pub fn may_be_of_policy(&self) -> bool {
        let Self::Database { sqlstate: Some(state), .. } = self else { return false };
        ["22", "42", "P0"].iter().any(|class| state.starts_with(class))
    }

    /// Whether a single row, or value, may be the reason why a statement for several has failed: one that
    /// cannot be converted (22), that a constraint refuses (23), or that a trigger or a policy of the
    /// application's raises an exception for (P0).
    #[must_use]
    pub fn may_be_of_one_row(&self) -> bool {
        let Self::Database { sqlstate: Some(state), .. } = self else { return false };
        ["22", "23", "P0"].iter().any(|class| state.starts_with(class))
    }

    /// Whether the server has said that it did nothing, and not because somebody else is at work: a
    /// transaction that is read-only (25), lacks resources (53), or was cancelled.
    #[must_use]
    pub fn is_undone(&self) -> bool {
        let Self::Database { sqlstate: Some(state), .. } = self else { return false };
        ["25", "53"].iter().any(|class| state.starts_with(class)) || state == "57014"
    }

    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Database { retryable, .. } | Self::RefreshFn { retryable, .. } => *retryable,
            Self::DatabasePassword { .. } => true,
            _ => self.kind().retryable == Some(true),
        }
    }
}
