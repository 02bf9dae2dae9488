//! What goes wrong in a schedule, and at which point of the protocol.

use super::actors;
use super::choices::Choices;
use super::process::Process;
use super::world::{World, Yield};

/// A step at which something can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    Read,
    Lease,
    Send,
    Commit,
    Reread,
    Release,
    ExpireEarly,
    MarkRevoked,
    /// The refresh state of a row is read.
    State,
    /// The refresh state of a row is written.
    Note,
    OldRead,
    OldLock,
    OldWrite,
    OldUnlock,
    OldDelete,
}

impl Point {
    pub(crate) const COUNT: usize = 15;
}

/// Where in that step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// The process is about to send it.
    Sending,
    /// It is about to take effect at the receiver.
    Before,
    /// It has taken effect, and the answer is on its way.
    After,
}

/// The fate of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Ok,
    /// Takes nearly as long as the limits allow.
    Slow,
    /// An error, and no effect.
    ErrBefore,
    /// An error, although it took effect.
    ErrAfter,
    /// An error at once, and the effect later.
    ErrLate,
    /// No answer, and no effect.
    NeverBefore,
    /// No answer, although it took effect.
    NeverAfter,
    /// Somebody's transaction holds the row.
    Locked,
}

/// The fate of a token request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    Usual,
    /// Takes nearly as long as the HTTP budget.
    Slow,
    /// 503; nothing is spent.
    Busy,
    /// 429; nothing is spent.
    Throttled,
    /// `invalid_client`.
    Rejected,
    /// No connection.
    NotSent,
    /// The connection breaks before the request arrives.
    LostBefore,
    /// The connection breaks after the exchange.
    LostAfter,
    /// The connection breaks, and the request arrives later.
    Delayed,
    /// The answer cannot be read.
    Garbled,
    /// The exchange takes place, and the answer comes after the HTTP budget.
    Late,
    /// `invalid_grant` with a description that says it is temporary; nothing is spent.
    Passing,
    /// The exchange takes place, and the answer has an odd lifetime.
    OddLifetime,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Action {
    Fate(Fate),
    Reply(Reply),
    Crash,
    Pause {
        us: u64,
        stops_clock: bool,
    },
    SetClock {
        hours: i64,
    },
    Away {
        us: u64,
    },
    Reconnect,
    Disconnect,
    MarkInvalid,
    Consent,
    Reseal,
    RotateKey,
    Revoke,
    /// The database accepts only a new login, which the settings of all processes already contain.
    ChangeLogin,
}

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fault {
    pub(crate) point: Point,
    pub(crate) when: When,
    /// How often the point was reached before.
    pub(crate) nth: u32,
    pub(crate) action: Action,
}

/// What is still to go wrong.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pending: Vec<Fault>,
    /// Decides what happens the first time that the first process reaches each step.
    pub(crate) choices: Option<Choices>,
    seen: [[u32; 3]; Point::COUNT],
    /// How many have happened.
    pub(crate) struck: u32,
    /// Those of them that may prevent a refresh.
    pub(crate) disruptive: u32,
}

impl Faults {
    pub(crate) fn new(pending: Vec<Fault>, choices: Option<Choices>) -> Self {
        Self { pending, choices, ..Self::default() }
    }

    /// From here on nothing goes wrong.
    pub(crate) fn cease(&mut self) {
        self.pending.clear();
        self.seen = [[u32::MAX / 2; 3]; Point::COUNT];
    }

    /// The decision of the fault matrix, the first time that the first process sends this step.
    fn chosen(&mut self, process: &Process, point: Point) -> Option<Action> {
        let is_first = self.seen[point as usize][When::Sending as usize] == 0;
        // Steps that nobody waits for would only multiply the combinations.
        let is_step = !matches!(point, Point::State | Point::Note);
        let choices = self.choices.as_mut().filter(|_| process.id == 0 && is_first && is_step)?;
        Some(choices.decide(point))
    }

    fn due(&mut self, point: Point, when: When) -> Vec<Action> {
        let seen = &mut self.seen[point as usize][when as usize];
        let nth = *seen;
        *seen += 1;
        let is_due = |fault: &Fault| (fault.point, fault.when, fault.nth) == (point, when, nth);
        if !self.pending.iter().any(is_due) {
            return Vec::new();
        }
        let actions: Vec<_> = self.pending.iter().filter(|fault| is_due(fault)).collect();
        let actions: Vec<_> = actions.into_iter().map(|fault| fault.action).collect();
        self.pending.retain(|fault| !is_due(fault));
        self.struck += u32::try_from(actions.len()).expect("are few");
        let is_disruptive = |action: &&Action| !matches!(action, Action::Reseal | Action::Consent);
        let disruptive = actions.iter().filter(is_disruptive).count();
        self.disruptive += u32::try_from(disruptive).expect("are few");
        actions
    }
}

/// The fate of what is being sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) fate: Fate,
    pub(crate) reply: Reply,
}

impl World {
    /// A point is reached: what is due there happens.
    pub(crate) fn reached(&self, process: &Process, point: Point, when: When) -> Sent {
        let mut sent = Sent { fate: Fate::Ok, reply: Reply::Usual };
        let due = {
            let mut faults = self.faults.lock().expect("nothing panics while holding it");
            let chosen = (when == When::Sending).then(|| faults.chosen(process, point)).flatten();
            let mut due = faults.due(point, when);
            let harmless = [Action::Fate(Fate::Ok), Action::Reply(Reply::Usual)];
            let strikes = chosen.is_some_and(|action| !harmless.contains(&action));
            faults.struck += u32::from(strikes);
            faults.disruptive += u32::from(strikes);
            due.extend(chosen);
            due
        };
        for action in due {
            match action {
                Action::Fate(fate) => sent.fate = fate,
                Action::Reply(reply) => sent.reply = reply,
                other => self.happen(process, other),
            }
        }
        sent
    }

    /// As [`reached`](Self::reached) for a process that is about to send: a pause or crash comes first.
    pub(crate) async fn sending(&self, process: &Process, point: Point) -> Sent {
        let sent = self.reached(process, point, When::Sending);
        if process.is_paused(self.now_us()) || process.is_crashed() {
            Yield(false).await;
        }
        sent
    }

    pub(crate) fn happen(&self, process: &Process, action: Action) {
        match action {
            Action::Crash => {
                self.note(&process.name, || "is killed".into());
                process.crash();
            }
            Action::Pause { us, stops_clock } => {
                self.note(&process.name, || format!("is stopped for {} s", us / 1_000_000));
                process.pause(self.now_us(), us, stops_clock);
            }
            Action::SetClock { hours } => {
                self.note(&process.name, || format!("has its clock set by {hours} h"));
                process.set_wall_clock(hours);
                self.truth().ledger.clocks_set += 1;
            }
            Action::Away { us } => {
                self.note("database", || format!("is away for {} s", us / 1_000_000));
                let until_us = self.now_us() + us;
                let mut truth = self.truth();
                truth.away_until_us = truth.away_until_us.max(until_us);
                truth.ledger.away_us += us;
            }
            Action::Reconnect => actors::reconnect(self),
            Action::Disconnect => actors::disconnect(self),
            Action::MarkInvalid => actors::mark_invalid(self),
            Action::Consent => actors::consent(self),
            Action::Reseal => actors::reseal(self, false),
            Action::RotateKey => actors::reseal(self, true),
            Action::Revoke => actors::revoke(self),
            Action::ChangeLogin => {
                self.note("database", || "takes another login".into());
                self.truth().login += 1;
            }
            Action::Fate(_) | Action::Reply(_) => {}
        }
    }
}
