//! What happens in one schedule: who takes part, who asks when, and what goes wrong.

use tokenkeep::config::Limits;

use super::change::Change;
use super::faults::Fault;
use super::provider::Kind;
use super::repairs::Repairs;

/// The kind of world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) provider: Kind,
    /// A dead grant marks the row, instead of deleting it.
    pub(crate) marks: bool,
    /// The row was stored in plaintext by old code.
    pub(crate) legacy: bool,
    /// A `refreshFn` asks, and is never interrupted.
    pub(crate) callback: bool,
    /// Old TypeScript instances take part.
    pub(crate) olds: usize,
    /// The clock of one is wrong by an hour.
    pub(crate) old_skewed: bool,
    pub(crate) repairs: Repairs,
}

impl Setting {
    pub(crate) fn has_old(&self) -> bool {
        self.olds > 0
    }

    /// Whether tokenkeep knows of the old instances.
    pub(crate) fn mixed_fleet(&self) -> bool {
        self.has_old() && self.repairs.leave
    }

    /// Whether this write may leave plaintext behind: only what keeps an old text.
    pub(crate) fn legacy_write(&self, change: Change) -> bool {
        self.legacy && matches!(change, Change::Connect | Change::Keep | Change::End)
    }

    pub(crate) fn limits(&self) -> Limits {
        let mut limits = Limits::DEFAULT;
        if !self.repairs.grace && !self.mixed_fleet() {
            limits.takeover_grace_ms = 0;
        }
        if !self.repairs.asked {
            limits.refusal_pause_min_ms = limits.failure_pause_min_ms;
            limits.refusal_pause_max_ms = limits.failure_pause_max_ms;
        }
        if !self.repairs.dlimit {
            limits.unknown_outcome_ms = 0;
        }
        limits
    }
}

/// What a process asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asks {
    /// A fresh token.
    Fresh,
    /// A fresh token; a usable one while somebody else refreshes.
    UsableAtOnce,
    /// A token for half an hour; a usable one while somebody else refreshes would be too short.
    Long,
    /// A token that is refreshed now.
    Forced,
    /// Nothing: it refreshes the row ahead of time.
    Claim,
}

/// One call of a process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) at_us: u64,
    pub(crate) asks: Asks,
}

/// A process that takes part.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) is_old: bool,
    pub(crate) skew_hours: i64,
    /// Until then it lacks the second key.
    pub(crate) lacks_key_until_us: u64,
    pub(crate) calls: Vec<Call>,
}

#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) setting: Setting,
    pub(crate) members: Vec<Member>,
    /// What is left of the access token at the beginning; `None`: there is no row.
    pub(crate) left_s: Option<i64>,
    pub(crate) faults: Vec<Fault>,
}

impl Schedule {
    /// What the trace begins with.
    pub(crate) fn describe(&self) -> String {
        let Setting { provider, marks, legacy, callback, .. } = self.setting;
        let ending = if marks { "marks" } else { "deletes" };
        let asked = if callback { "by a refreshFn" } else { "over HTTP" };
        let stored = if legacy { ", in plaintext" } else { "" };
        let row = self.left_s.map_or("no row".into(), |s| format!("a row with {s} s left{stored}"));
        let mut text =
            format!("provider {provider:?}, asked {asked}; a dead grant {ending} the row; {row}\n");
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
