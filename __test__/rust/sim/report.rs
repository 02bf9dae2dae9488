//! The report of a run: the trace of a violation, and sums over all schedules.

use super::ledger::{Counts, Violation};
use super::run::Outcome;

/// A broken invariant, and its trace.
pub(crate) struct Failure {
    name: String,
    violation: Violation,
    story: String,
}

pub(crate) fn fail(
    name: String,
    violation: Violation,
    mut story: String,
    trace: &[String],
) -> Failure {
    for line in trace {
        story.push_str(line);
        story.push('\n');
    }
    Failure { name, violation, story }
}

impl Failure {
    /// One line, without the trace.
    pub(crate) fn summary(&self) -> String {
        format!("{}: {}: {}", self.name, self.violation.rule, self.violation.text)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{}", self.story, self.summary())
    }
}

/// Sums over many schedules.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Sums {
    pub(crate) schedules: u64,
    struck: u64,
    counts: Counts,
}

impl Sums {
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        self.schedules += 1;
        self.struck += u64::from(outcome.struck);
        self.counts = self.counts.plus(outcome.counts);
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            schedules: self.schedules + other.schedules,
            struck: self.struck + other.struck,
            counts: self.counts.plus(other.counts),
        }
    }
}

impl std::fmt::Display for Sums {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Counts { refreshes, late_commits, unmatched_commits, takeovers, marks, inherent } =
            self.counts;
        write!(
            f,
            "{} faults struck; {refreshes} refreshes, {takeovers} takeovers, {late_commits} late commits, \
             {unmatched_commits} commits over a changed row, {marks} rows marked revoked, \
             {inherent} tokens spent twice where no client can prevent it",
            self.struck
        )
    }
}
