//! The tables `tokenkeep.refresh_state` and `oauth_client`: the client of each row, the refusal of its
//! refresh token, and how many rows were marked revoked on a client's word.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokenkeep::config::Limits;
use tokenkeep::db::Timestamp;
use tokenkeep::error::Error;
use tokenkeep::refresh::{Failure, RefreshState, Refused, RowClient};

/// Endpoint and client id, by name.
pub(crate) type Client = &'static str;

/// The client of the correct deployment.
pub(crate) const OURS: Client = "client";
/// Another client, whose credentials a wrong deployment uses.
pub(crate) const STAGING: Client = "staging";

/// The refresh state of one row.
#[derive(Debug, Clone, Default)]
struct State {
    client: Option<Client>,
    /// The last failure, until new tokens are stored.
    failed: Option<Failed>,
}

#[derive(Debug, Clone)]
struct Failed {
    /// The refresh token that was sent, as stored.
    token: Option<Arc<str>>,
    client: Option<Client>,
    error: Error,
    failures: u32,
    at: Timestamp,
    retry_at: Option<Timestamp>,
}

/// What is stored of one client.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    has_refreshed: bool,
    marks: u32,
    marked_at: Option<Timestamp>,
    /// Rows that it has revoked since, although their grants live. Only the simulation knows that.
    living_revoked: u32,
}

/// The two tables.
#[derive(Debug, Default)]
pub(crate) struct States {
    rows: BTreeMap<u32, State>,
    clients: BTreeMap<Client, Known>,
}

fn named(client: Option<&str>) -> Option<Client> {
    [OURS, STAGING].into_iter().find(|name| client.is_some_and(|client| client == *name))
}

impl States {
    /// `noted`: what this process has noted of the row, and has not written yet.
    pub(crate) fn read(
        &self,
        row: u32,
        token: Option<&Arc<str>>,
        client: Option<&str>,
        noted: Option<Option<Client>>,
        now: Timestamp,
    ) -> RefreshState {
        let client = named(client);
        let state = self.rows.get(&row).cloned().unwrap_or_default();
        let is_ours = |failed: &Failed| {
            let by = failed.client;
            failed.token.as_ref() == token && by.is_none_or(|by| client == Some(by))
        };
        let refused = state.failed.filter(|failed| noted.is_none() && is_ours(failed));
        let left = |at: Timestamp| {
            Duration::from_millis(u64::try_from(at.ms_since(now)).unwrap_or_default())
        };
        RefreshState {
            client: match (noted.unwrap_or(state.client), client) {
                (Some(by), Some(client)) if by == client => RowClient::Same,
                (Some(_), Some(_)) => RowClient::Other,
                _ => RowClient::Unknown,
            },
            has_refreshed: client.is_some_and(|client| {
                self.clients.get(client).is_some_and(|known| known.has_refreshed)
            }),
            refused: refused.and_then(|failed| {
                let left = left(failed.retry_at?);
                Some(Refused { error: failed.error, left })
            }),
        }
    }

    /// New tokens are stored for this client; `None`: the client is not known.
    pub(crate) fn stored(&mut self, row: u32, client: Option<Client>) {
        self.rows.insert(row, State { client, failed: None });
    }

    /// A refresh of this client was committed.
    pub(crate) fn refreshed(&mut self, row: u32, client: Option<Client>) {
        self.stored(row, client);
        if let Some(client) = client {
            self.clients.insert(client, Known { has_refreshed: true, ..Known::default() });
        }
    }

    /// Returns the pause until the next request, after a refusal that would be repeated.
    pub(crate) fn failed(
        &mut self,
        row: u32,
        token: Option<Arc<str>>,
        failure: &Failure,
        limits: &Limits,
        now: Timestamp,
    ) -> Option<Duration> {
        let state = self.rows.entry(row).or_default();
        let client = named(failure.client.as_deref());
        let is_same = |before: &&Failed| {
            before.token == token
                && before.client == client
                && before.error.code() == failure.error.code()
        };
        let failures = state.failed.as_ref().filter(is_same).map_or(0, |before| before.failures);
        let first = Duration::from_millis(limits.refusal_pause_min_ms);
        let most = Duration::from_millis(limits.refusal_pause_max_ms);
        let most = failure.pause_max.map_or(most, |pause| pause.min(most));
        let pause = (first * (1 << failures.min(20))).min(most);
        let pause = failure.lasting.then_some(pause);
        state.failed = Some(Failed {
            token,
            client,
            error: failure.error.clone(),
            failures: failures + 1,
            at: now,
            retry_at: pause.map(|pause| now.plus(pause)),
        });
        pause
    }

    /// Whether one more row may be marked revoked on this client's word.
    pub(crate) fn admit(&mut self, client: Option<&str>, limits: &Limits, now: Timestamp) -> bool {
        let known = self.clients.entry(named(client).unwrap_or("refreshFn")).or_default();
        let within = Duration::from_millis(limits.marks_within_ms);
        if known.marked_at.is_none_or(|at| at < now.minus(within)) {
            known.marks = 0;
        }
        if known.marks >= limits.marks_max {
            return false;
        }
        (known.marks, known.marked_at) = (known.marks + 1, Some(now));
        true
    }

    fn last_failure(&self, row: u32) -> Option<&Failed> {
        self.rows.get(&row)?.failed.as_ref()
    }

    /// Whether the pause of this row is not over for our client. A refusal of another client does not
    /// count.
    pub(crate) fn rests(&self, row: u32, now: Timestamp) -> bool {
        let failed = self.last_failure(row).filter(|failed| failed.client != Some(STAGING));
        failed.and_then(|failed| failed.retry_at).is_some_and(|at| now < at)
    }

    /// When a refresh of this row last failed, by any client.
    pub(crate) fn failed_at(&self, row: u32) -> Option<Timestamp> {
        self.last_failure(row).map(|failed| failed.at)
    }

    /// Counts one more row that this client has revoked although its grant lives. Returns the number
    /// since its last refresh.
    pub(crate) fn count_living_revoked(&mut self, client: Client) -> u32 {
        let known = self.clients.entry(client).or_default();
        known.living_revoked += 1;
        known.living_revoked
    }
}
