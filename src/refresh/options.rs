//! The options of a call, and the configuration of an instance.

use crate::config::Limits;

/// The options of a call that needs a token.
#[derive(Debug, Clone, Copy)]
pub struct RefreshOptions {
    /// The access token is refreshed if it is not valid for more than this.
    pub fresh_ms: u64,
    /// How long the caller waits.
    pub wait_ms: u64,
    /// Return a usable token at once while somebody else refreshes. Has no effect if `fresh_ms` is more
    /// than the refresh buffer.
    pub usable_at_once: bool,
    /// Refresh a fresh token, too. The stored token is then never returned in place of an error. A
    /// refresh that has just been made is shared.
    pub force: bool,
}

/// The configuration of an instance.
#[derive(Debug, Clone, Copy)]
pub struct RefreshConfig {
    /// The limits of the protocol.
    pub limits: Limits,
    /// Whether old instances use the same table.
    pub mixed_fleet: bool,
}
