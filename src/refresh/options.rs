//! The options of a call, and the configuration of an instance.

use crate::config::Limits;

/// The options of a call that needs a token.
#[derive(Debug, Clone, Copy)]
pub struct RefreshOptions {
    /// How much of the access token must be left, else it is refreshed.
    pub fresh_ms: u64,
    /// How long the caller waits.
    pub wait_ms: u64,
    /// While somebody else refreshes, take a usable token at once; not where `fresh_ms` is more than the
    /// refresh buffer.
    pub usable_at_once: bool,
    /// Refresh a token that is fresh, too; then the stored one is no answer, whatever happens. Only a
    /// refresh that has just been made is shared.
    pub force: bool,
}

/// The configuration of an instance.
#[derive(Debug, Clone, Copy)]
pub struct RefreshConfig {
    /// The limits of the protocol.
    pub limits: Limits,
    /// Whether old-style instances work on the same table.
    pub mixed_fleet: bool,
}
