//! The rows of one provider that a run has still to do, and whose turn it is.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::BuildHasher;

use super::Key;
use super::claim::{Found, LOOK_MAX};
use super::pace::Pace;
use super::slot::{Answers, Others, Slots};
use crate::db::Timestamp;

/// What is done of a provider's rows, in this order.
pub(super) enum Stage {
    /// Rows whose last refresh has not failed, in the order of their expiry.
    Free {
        /// No row before this moment is left.
        from: Option<Timestamp>,
        /// Rows at that moment that came a second time.
        passed: Vec<Key>,
    },
    /// Rows whose last refresh has failed; `None`: they were not searched for.
    Failing(Option<Rows>),
    /// Rows that somebody else has leased, or held locked; `None` as above.
    Leased(Option<Rows>),
    /// Nothing is left.
    Done,
}

/// Rows that a query has found.
pub(super) struct Rows {
    rows: VecDeque<Found>,
    /// Whether there may be more than it has found.
    may_be_more: bool,
}

impl Rows {
    /// The next ones, so many at most.
    pub(super) fn take(&mut self, rows: usize) -> Vec<Found> {
        let rows = rows.min(self.rows.len());
        self.rows.drain(..rows).collect()
    }
}

/// One provider.
pub(super) struct Lane<'a> {
    pub(super) provider: &'a str,
    pub(super) stage: Stage,
    last_turn: u64,
}

/// All providers of a run, and the rows that it has had.
pub(super) struct Lanes<'a> {
    pub(super) lanes: Vec<Lane<'a>>,
    /// A hash of each row: a run may have millions.
    had: HashSet<u64>,
    hasher: RandomState,
    turns: u64,
}

impl Lane<'_> {
    fn rank(&self) -> u8 {
        match self.stage {
            Stage::Free { .. } => 0,
            Stage::Failing(_) => 1,
            Stage::Leased(_) => 2,
            Stage::Done => 3,
        }
    }

    /// The next stage, when the rows that were found for this one are done.
    fn advance(&mut self) {
        let rows = match &mut self.stage {
            Stage::Failing(rows) | Stage::Leased(rows) => rows,
            Stage::Free { .. } | Stage::Done => return,
        };
        let Some(Rows { may_be_more, .. }) = rows.take_if(|found| found.rows.is_empty()) else {
            return;
        };
        if !may_be_more {
            self.skip();
        }
    }

    /// Nothing more is found for this stage.
    fn skip(&mut self) {
        self.stage = match self.stage {
            Stage::Free { .. } => Stage::Failing(None),
            Stage::Failing(_) => Stage::Leased(None),
            Stage::Leased(_) | Stage::Done => Stage::Done,
        };
    }
}

impl<'a> Lanes<'a> {
    pub(super) fn new(providers: impl Iterator<Item = &'a str>) -> Self {
        let free = || Stage::Free { from: None, passed: Vec::new() };
        Self {
            lanes: providers
                .map(|provider| Lane { provider, stage: free(), last_turn: 0 })
                .collect(),
            had: HashSet::new(),
            hasher: RandomState::new(),
            turns: 0,
        }
    }

    /// Marks a row as one that the run has had; false: it has had it before.
    pub(super) fn take(&mut self, key: &Key) -> bool {
        self.had.insert(self.hasher.hash_one(key))
    }

    /// Leaves providers that have refused the client, and stages that nothing is left of.
    pub(super) fn advance(&mut self, slots: &Slots) {
        for lane in &mut self.lanes {
            match slots.of(lane.provider).0 {
                Answers::Never => lane.stage = Stage::Done,
                _ => lane.advance(),
            }
        }
    }

    /// Providers whose rows are to be searched for.
    pub(super) fn unsearched(&self, is_leased: bool) -> Vec<&'a str> {
        let is_wanted = |lane: &&Lane<'_>| match lane.stage {
            Stage::Failing(None) => !is_leased,
            Stage::Leased(None) => is_leased,
            _ => false,
        };
        self.lanes.iter().filter(is_wanted).map(|lane| lane.provider).collect()
    }

    /// Gives each of these providers what was found of it; one with nothing new is at its next stage.
    pub(super) fn give(&mut self, providers: &[&str], found: Vec<Found>) {
        let may_be_more = found.len() >= LOOK_MAX;
        let (hasher, had) = (&self.hasher, &self.had);
        let mut by_provider: HashMap<String, VecDeque<Found>> = HashMap::new();
        for found in found {
            if !had.contains(&hasher.hash_one(&found.key)) {
                let provider = found.key.provider_name().to_owned();
                by_provider.entry(provider).or_default().push_back(found);
            }
        }
        for lane in &mut self.lanes {
            if !providers.contains(&lane.provider) {
                continue;
            }
            let rows = by_provider.remove(lane.provider).map(|rows| Rows { rows, may_be_more });
            match (&mut lane.stage, rows) {
                (Stage::Failing(none) | Stage::Leased(none), Some(rows)) => *none = Some(rows),
                _ => lane.skip(),
            }
        }
    }

    /// Whose turn it is, and for how many rows: earlier stages first, then providers that answer, then
    /// those with fewest requests under way.
    pub(super) fn turn(&mut self, slots: &Slots, pace: &Pace) -> Option<(usize, usize)> {
        let ready = self.lanes.iter().enumerate().filter_map(|(index, lane)| {
            let rows = self.room(lane, slots);
            let is_ready = rows > 0 && pace.is_soon(lane.provider);
            let (answers, taken) = slots.of(lane.provider);
            let order = (lane.rank(), answers == Answers::Badly, taken, lane.last_turn);
            is_ready.then_some((order, index, rows))
        });
        let (_, index, rows) = ready.min_by_key(|(order, ..)| *order)?;
        self.turns += 1;
        self.lanes.get_mut(index)?.last_turn = self.turns;
        Some((index, rows))
    }

    fn room(&self, lane: &Lane<'_>, slots: &Slots) -> usize {
        let rows = match &lane.stage {
            Stage::Free { .. } => usize::MAX,
            Stage::Failing(rows) | Stage::Leased(rows) => {
                rows.as_ref().map_or(0, |rows| rows.rows.len())
            }
            Stage::Done => 0,
        };
        let others = || self.lanes.iter().filter(|other| other.provider != lane.provider);
        let others = match lane.stage {
            Stage::Leased(_) if others().any(|other| other.rank() < 2) => Others::First,
            _ if others().any(|other| other.rank() < 3) => Others::Some,
            _ => Others::None,
        };
        slots.free(lane.provider, others).min(rows)
    }

    /// Providers that nothing but their pace keeps from being asked.
    pub(super) fn paced(&self, slots: &Slots) -> impl Iterator<Item = &'a str> {
        self.lanes.iter().filter(|lane| self.room(lane, slots) > 0).map(|lane| lane.provider)
    }

    pub(super) fn are_done(&self) -> bool {
        self.lanes.iter().all(|lane| matches!(lane.stage, Stage::Done))
    }
}
