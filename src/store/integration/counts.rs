//! The result of a run.

use std::collections::BTreeMap;

use super::Key;
use crate::error::{Error, Result};

/// The result of a run. Each row that it has tried is counted once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// New tokens were stored, by this worker or by one that it waited for. Rows that another worker had
    /// refreshed before are not counted.
    pub refreshed: u64,
    /// Not refreshed, and not revoked either: a later run tries again.
    pub failed: u64,
    /// Revoked grants: the users must connect again.
    pub revoked: u64,
    /// The failed and the revoked, by provider and code.
    pub failures: Vec<FailureCount>,
    /// Due rows that were not tried, by provider: the provider is not described, or has rejected the client,
    /// or has refused these rows, which wait for their next try.
    pub skipped: Vec<(String, u64)>,
}

/// How many rows of one provider have failed in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureCount {
    /// The provider.
    pub provider: String,
    /// The error's code.
    pub code: &'static str,
    /// How many rows.
    pub count: u64,
}

/// The counts of a run so far.
#[derive(Default)]
pub(super) struct Counts {
    refreshed: u64,
    failed: u64,
    revoked: u64,
    failures: BTreeMap<(String, &'static str), u64>,
}

impl Counts {
    /// Counts the result for a row; `Ok(false)`: there was nothing to refresh.
    pub(super) fn add(&mut self, key: &Key, outcome: &Result<bool>) {
        let error = match outcome {
            Ok(true) => {
                self.refreshed += 1;
                return;
            }
            // Disconnected in the meantime: there is nothing to refresh.
            Ok(false) | Err(Error::NotConnected { .. }) => return,
            Err(error) => error,
        };
        match error {
            Error::Revoked { .. } => self.revoked += 1,
            _ => self.failed += 1,
        }
        let kind = (key.provider_name().to_owned(), error.code());
        *self.failures.entry(kind).or_default() += 1;
    }

    /// How many rows of a provider have failed and are still due: not the revoked ones.
    pub(super) fn failed_of(&self, provider: &str) -> u64 {
        let revoked = "ERR_TOKENKEEP_REVOKED";
        let of =
            self.failures.iter().filter(|((name, code), _)| name == provider && *code != revoked);
        of.map(|(_, count)| count).sum()
    }

    pub(super) fn summary(self, skipped: Vec<(String, u64)>) -> Summary {
        let Self { refreshed, failed, revoked, failures } = self;
        let failures = failures
            .into_iter()
            .map(|((provider, code), count)| FailureCount { provider, code, count })
            .collect();
        Summary { refreshed, failed, revoked, failures, skipped }
    }
}
