//! Every combination of what can happen at each step: each run takes the next branch, and a step
//! that a run never reaches costs nothing.

use super::faults::{Action, Fate, Point, Reply};

const FATES: [Fate; 7] = [
    Fate::Ok,
    Fate::ErrBefore,
    Fate::ErrAfter,
    Fate::ErrLate,
    Fate::Slow,
    Fate::NeverBefore,
    Fate::NeverAfter,
];

const REPLIES: [Reply; 7] = [
    Reply::Usual,
    Reply::Busy,
    Reply::Garbled,
    Reply::Slow,
    Reply::LostBefore,
    Reply::LostAfter,
    Reply::Late,
];

/// The decisions of one run, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choices {
    taken: Vec<usize>,
    made: Vec<(Point, Action)>,
}

impl Choices {
    pub(crate) fn decide(&mut self, point: Point) -> Action {
        if self.made.len() == self.taken.len() {
            self.taken.push(0);
        }
        let choice = self.taken[self.made.len()];
        let action = match point {
            Point::Send => Action::Reply(REPLIES[choice]),
            _ => Action::Fate(FATES[choice]),
        };
        self.made.push((point, action));
        action
    }

    /// The decisions of the next run; `None` when all have been tried.
    pub(crate) fn next(mut self) -> Option<Self> {
        while let Some(last) = self.taken.pop() {
            let options = match self.made[self.taken.len()].0 {
                Point::Send => REPLIES.len(),
                _ => FATES.len(),
            };
            if last + 1 < options {
                self.taken.push(last + 1);
                self.made.clear();
                return Some(self);
            }
        }
        None
    }

    /// What was decided, as a sentence.
    pub(crate) fn describe(&self) -> String {
        let steps = self.made.iter().map(|(point, action)| match action {
            Action::Fate(fate) => format!("{point:?} {fate:?}"),
            Action::Reply(reply) => format!("{point:?} {reply:?}"),
            _ => unreachable!("only these are decided"),
        });
        steps.collect::<Vec<_>>().join(", ")
    }
}
