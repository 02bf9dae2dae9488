//! How many requests are under way at once, and how many of them at one provider.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::watch;

use crate::oauth::{TokenEndpoint, Verdict};
use crate::refresh::{Runtime, Tokio};
use crate::secret::RefreshToken;

/// An answer is late after this part of the HTTP budget.
const LATE_AFTER: u32 = 4;
/// What part of the slots a provider has that is not known to answer, and leaves to the others.
const QUARTER: usize = 4;

/// So many slots, shared by the providers.
pub(super) struct Slots {
    total: usize,
    shares: Mutex<HashMap<String, Share>>,
    changed: watch::Sender<()>,
}

/// What a provider has of the slots.
#[derive(Default)]
struct Share {
    taken: usize,
    answers: Answers,
}

/// How a provider answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Answers {
    /// It has not answered yet.
    #[default]
    Unknown,
    /// The last answer came in time, and was one.
    Promptly,
    /// The last one was late, or did not come, or said that the provider is out of order.
    Badly,
    /// It has refused the client: no row can be refreshed there.
    Never,
}

/// Who else wants slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    /// Nobody.
    None,
    /// Other providers have rows that are due.
    Some,
    /// The same, and they come first.
    First,
}

impl Slots {
    pub(super) fn new(total: usize) -> Arc<Self> {
        let (shares, changed) = (Mutex::default(), watch::Sender::new(()));
        Arc::new(Self { total, shares, changed })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Share>> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A quarter of all, at least one.
    pub(super) fn quarter(&self) -> usize {
        (self.total / QUARTER).max(1)
    }

    /// How many slots this provider may take now. One that answers promptly leaves a quarter to the
    /// others; any other has no more than a quarter, and all that answer badly have half of them
    /// together, so that their requests may hang while the others go on.
    pub(super) fn free(&self, provider: &str, others: Others) -> usize {
        let shares = self.lock();
        let (mut taken, mut badly) = (0, 0);
        for share in shares.values() {
            taken += share.taken;
            badly += if share.answers == Answers::Badly { share.taken } else { 0 };
        }
        let (mine, answers) = shares
            .get(provider)
            .map_or((0, Answers::Unknown), |share| (share.taken, share.answers));
        let quarter = self.quarter();
        let most = match (answers, others) {
            (Answers::Never, _) => 0,
            (Answers::Promptly, Others::None) => self.total,
            (Answers::Promptly, Others::Some) => self.total.saturating_sub(quarter).max(1),
            _ => quarter,
        };
        let half = match answers {
            Answers::Badly => (self.total / 2).max(1).saturating_sub(badly),
            _ => self.total,
        };
        most.saturating_sub(mine).min(half).min(self.total.saturating_sub(taken))
    }

    /// How it answers, and how many slots it has.
    pub(super) fn of(&self, provider: &str) -> (Answers, usize) {
        let shares = self.lock();
        shares.get(provider).map_or((Answers::Unknown, 0), |share| (share.answers, share.taken))
    }

    /// Takes one of those that are free.
    pub(super) fn take(self: &Arc<Self>, provider: &str) -> Slot {
        self.lock().entry(provider.to_owned()).or_default().taken += 1;
        Slot { slots: Arc::clone(self), provider: provider.to_owned() }
    }

    /// Learns how a provider answers; a client that was refused stays so.
    pub(super) fn note(&self, provider: &str, answers: Answers) {
        {
            let mut shares = self.lock();
            let share = shares.entry(provider.to_owned()).or_default();
            if share.answers != Answers::Never {
                share.answers = answers;
            }
        }
        self.changed.send_replace(());
    }

    /// Sees every change from now on.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}

/// The right to one request, until it is dropped.
pub(super) struct Slot {
    slots: Arc<Slots>,
    provider: String,
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(share) = self.slots.lock().get_mut(&self.provider) {
            share.taken = share.taken.saturating_sub(1);
        }
        self.slots.changed.send_replace(());
    }
}

/// An endpoint that is asked once, in a slot, which is free again once an answer has come: while tokens
/// are stored the next request is sent.
pub(super) struct InSlot<E> {
    endpoint: Arc<E>,
    slots: Arc<Slots>,
    provider: String,
    slot: Mutex<Option<Slot>>,
}

impl<E> InSlot<E> {
    pub(super) fn new(endpoint: Arc<E>, slot: Slot) -> Arc<Self> {
        let (slots, provider) = (Arc::clone(&slot.slots), slot.provider.clone());
        Arc::new(Self { endpoint, slots, provider, slot: Mutex::new(Some(slot)) })
    }
}

impl<E: TokenEndpoint> TokenEndpoint for InSlot<E> {
    fn client(&self) -> Option<&str> {
        self.endpoint.client()
    }

    fn login(&self) -> Option<&str> {
        self.endpoint.login()
    }

    fn may_rotate(&self) -> bool {
        self.endpoint.may_rotate()
    }

    fn is_repeatable(&self) -> bool {
        self.endpoint.is_repeatable()
    }

    /// Nobody waits: the next run tries again.
    fn may_resend(&self) -> bool {
        false
    }

    async fn refresh(&self, token: &RefreshToken, budget: Duration, wall: Duration) -> Verdict {
        let runtime = Tokio::default();
        let request = pin!(self.endpoint.refresh(token, budget, wall));
        let verdict = match select(request, pin!(runtime.sleep(budget / LATE_AFTER))).await {
            Either::Left((verdict, _)) => {
                self.slots.note(&self.provider, answers_of(&verdict));
                verdict
            }
            Either::Right(((), request)) => {
                self.slots.note(&self.provider, Answers::Badly);
                request.await
            }
        };
        self.slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        verdict
    }
}

fn answers_of(verdict: &Verdict) -> Answers {
    match verdict {
        Verdict::Granted(_) | Verdict::InvalidGrant(_) | Verdict::Refused(_) => Answers::Promptly,
        Verdict::Transient(..) | Verdict::Ambiguous(_) => Answers::Badly,
        Verdict::ClientRejected(_) => Answers::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_that_answers_promptly_leaves_a_quarter_to_the_others() {
        let slots = Slots::new(8);
        assert_eq!(slots.free("a", Others::None), 2);
        slots.note("a", Answers::Promptly);
        assert_eq!(slots.free("a", Others::None), 8);
        let taken: Vec<Slot> = (0..5).map(|_| slots.take("a")).collect();
        assert_eq!(slots.free("a", Others::Some), 1);
        assert_eq!(slots.free("b", Others::Some), 2);
        drop(taken);
        assert_eq!(slots.free("a", Others::Some), 6);
        assert_eq!(slots.free("a", Others::First), 2);
    }

    #[test]
    fn providers_that_answer_badly_have_half_of_the_slots_together() {
        let slots = Slots::new(8);
        let names = ["a", "b", "c"];
        for name in names {
            slots.note(name, Answers::Badly);
        }
        let _taken: Vec<Slot> = ["a", "a", "b", "b"].map(|name| slots.take(name)).into();
        assert_eq!(names.map(|name| slots.free(name, Others::Some)), [0, 0, 0]);
        assert_eq!(slots.free("d", Others::Some), 2);
    }

    #[test]
    fn a_single_slot_is_for_everybody_but_a_client_that_was_refused() {
        let slots = Slots::new(1);
        for answers in [Answers::Unknown, Answers::Promptly, Answers::Badly] {
            slots.note("a", answers);
            assert_eq!(slots.free("a", Others::Some), 1);
        }
        slots.note("a", Answers::Never);
        slots.note("a", Answers::Promptly);
        assert_eq!(slots.free("a", Others::None), 0);
    }
}
