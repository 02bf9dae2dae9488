//! A token as it is handed out, and how long it is still good for.

use std::sync::Arc;

use super::runtime::{Runtime, Stopwatch};
use super::table::Credentials;
use crate::db::Timestamp;

/// When a moment of the database's clock was, by the local one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// The database's clock.
    pub(super) now: Timestamp,
    /// Started before the database was asked: what it shows is never too little.
    pub(super) since: Stopwatch,
}

impl Reading {
    /// What is left until `moment`, in milliseconds; negative when it has passed.
    pub(super) fn left_ms(&self, moment: Option<Timestamp>, runtime: &impl Runtime) -> i64 {
        let Some(moment) = moment else { return i64::MAX };
        let passed = i64::try_from(self.since.elapsed(runtime).as_millis()).unwrap_or(i64::MAX);
        moment.ms_since(self.now).saturating_sub(passed)
    }
}

/// Tokens for one caller.
#[derive(Debug)]
pub struct Token<Record> {
    /// What else the store hands out.
    pub record: Arc<Record>,
    /// The opened tokens.
    pub credentials: Arc<Credentials>,
    /// Until when the access token is valid; `None`: for ever.
    pub expires_at: Option<Timestamp>,
    /// The key that sealed it, when this process has just done so.
    pub sealed_with: Option<i32>,
    pub(super) reading: Reading,
}

impl<Record> Token<Record> {
    /// Whether it was read from the row, rather than given by the provider just now.
    pub(super) fn is_stored(&self) -> bool {
        self.sealed_with.is_none()
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
