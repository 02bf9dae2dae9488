//! How often a provider refreshes one grant.

use std::time::Duration;

use serde::Deserialize;

/// The most refreshes of one refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefreshLimit {
    /// So many.
    pub count: u32,
    /// Within so many seconds.
    pub seconds: u32,
}

impl RefreshLimit {
    /// The time between two refreshes with which the limit is never reached.
    #[must_use]
    pub fn gap(self) -> Duration {
        Duration::from_secs(self.seconds.into()) / self.count.max(1)
    }
}
