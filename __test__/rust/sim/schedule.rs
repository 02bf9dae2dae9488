//! What happens in one schedule: who takes part, who calls when, and what goes wrong.

use tokenkeep::config::Limits;

use super::faults::Fault;
use super::provider::Kind;
use super::repairs::Repairs;
use super::row_change::Change;

/// The kind of provider, store and processes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) provider: Kind,
    /// The store marks a revoked row; otherwise it deletes the row.
    pub(crate) marks_revoked: bool,
    /// The row was stored in plaintext by old code.
    pub(crate) legacy: bool,
    /// A `refreshFn` refreshes, and is never interrupted.
    pub(crate) refresh_fn: bool,
    /// How many old TypeScript instances take part.
    pub(crate) olds: usize,
    /// The clock of an old instance is wrong by an hour.
    pub(crate) old_skewed: bool,
    pub(crate) repairs: Repairs,
}

impl Setting {
    pub(crate) fn has_old(&self) -> bool {
        self.olds > 0
    }

    /// Whether tokenkeep knows of the old instances.
    pub(crate) fn mixed_fleet(&self) -> bool {
        self.has_old() && self.repairs.leftover
    }

    /// Whether this write may leave plaintext in the row: only if it keeps an old text.
    pub(crate) fn legacy_write(&self, change: Change) -> bool {
        self.legacy && matches!(change, Change::Connect | Change::Keep | Change::Revoke)
    }

    pub(crate) fn limits(&self) -> Limits {
        let mut limits = Limits::DEFAULT;
        if !self.repairs.takeover_grace && !self.mixed_fleet() {
            limits.takeover_grace_ms = 0;
        }
        if !self.repairs.refusal_pause {
            limits.refusal_pause_min_ms = limits.failure_pause_min_ms;
            limits.refusal_pause_max_ms = limits.failure_pause_max_ms;
        }
        if !self.repairs.unknown_outcome_limit {
            limits.unknown_outcome_ms = 0;
        }
        limits
    }
}

/// What a call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallKind {
    /// A fresh token.
    Fresh,
    /// A fresh token, or a usable one while somebody else refreshes.
    UsableAtOnce,
    /// A token that is valid for half an hour, even while somebody else refreshes.
    Long,
    /// A forced refresh.
    Forced,
    /// `refreshExpiring`.
    Claim,
}

/// One call of a process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) at_us: u64,
    pub(crate) kind: CallKind,
}

/// A process that takes part.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) is_old: bool,
    pub(crate) skew_hours: i64,
    /// It has the second key only from this time on.
    pub(crate) lacks_key_until_us: u64,
    pub(crate) calls: Vec<Call>,
}

#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) setting: Setting,
    pub(crate) members: Vec<Member>,
    /// How long the access token is valid at the start, in seconds; `None`: there is no row.
    pub(crate) left_s: Option<i64>,
    pub(crate) faults: Vec<Fault>,
}

impl Schedule {
    /// The head of the trace.
    pub(crate) fn describe(&self) -> String {
        let Setting { provider, marks_revoked, legacy, refresh_fn, .. } = self.setting;
        let store = if marks_revoked { "marks" } else { "deletes" };
        let endpoint = if refresh_fn { "a refreshFn" } else { "HTTP" };
        let stored = if legacy { ", in plaintext" } else { "" };
        let row = self.left_s.map_or("no row".into(), |s| format!("a row with {s} s left{stored}"));
        let mut text = format!(
            "provider {provider:?}, by {endpoint}; the store {store} revoked rows; {row}\n"
        );
        for (index, member) in self.members.iter().enumerate() {
            let name = if member.is_old { "old" } else { "T" };
            let skew = member.skew_hours;
            text +=
                &format!("{name}{}: clock {skew:+} h, {} calls\n", index + 1, member.calls.len());
        }
        for Fault { point, when, nth, action } in &self.faults {
            text += &format!("{when:?} {point:?} number {}: {action:?}\n", nth + 1);
        }
        text
    }
}
