//! Opened tokens, for all callers of one refresh task.

use std::sync::Arc;

use super::read::Reading;
use super::runtime::Runtime;
use super::table::Credentials;
use crate::db::Timestamp;

/// Tokens for a caller. A clone shares them.
#[derive(Debug)]
pub struct Token<Record> {
    /// What the row holds besides tokens and times.
    pub record: Arc<Record>,
    /// The opened tokens.
    pub credentials: Arc<Credentials>,
    /// When the access token expires; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// The version of the key that sealed the tokens, if this process has just sealed them; `None`: the
    /// tokens were read from the row.
    pub sealed_with: Option<i32>,
    pub(super) reading: Reading,
}

impl<Record> Token<Record> {
    /// Whether it was read from the row, rather than received from the provider just now.
    pub(super) fn is_stored(&self) -> bool {
        self.sealed_with.is_none()
    }

    /// How long the access token is still valid, in milliseconds.
    pub(super) fn left_ms(&self, runtime: &impl Runtime) -> i64 {
        self.reading.left_ms(self.expires_at, runtime)
    }
}

impl<Record> Clone for Token<Record> {
    fn clone(&self) -> Self {
        Self {
            record: Arc::clone(&self.record),
            credentials: Arc::clone(&self.credentials),
            expires_at: self.expires_at,
            sealed_with: self.sealed_with,
            reading: self.reading,
        }
    }
}
