//! One simulated world: its clock, its random numbers, its pending events, and the true state of row and
//! provider.

use std::cmp::Ordering as Order;
use std::collections::BinaryHeap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokenkeep::config::Limits;
use tokenkeep::db::Timestamp;

use super::database::StoredRow;
use super::faults::Faults;
use super::ledger::Ledger;
use super::many_rows::ManyRows;
use super::process::Process;
use super::provider::Provider;
use super::random::Random;
use super::refresh_states::States;
use super::schedule::Setting;

const EPOCH: Timestamp = Timestamp::from_ms(1_800_000_000_000);

/// The true state, which no process knows completely.
pub(crate) struct Truth {
    pub(crate) row: Option<StoredRow>,
    pub(crate) provider: Provider,
    pub(crate) ledger: Ledger,
    /// No statement reaches the database before this moment.
    pub(crate) away_until_us: u64,
    /// The login that the database accepts and the settings contain.
    pub(crate) login: u32,
    pub(crate) states: States,
    pub(crate) many_rows: ManyRows,
}

type Happening = Box<dyn FnOnce(&World) + Send>;

enum What {
    Wake(Waker),
    Happen(Happening),
}

struct Due {
    at_us: u64,
    number: u64,
    what: What,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Order::Equal
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Order> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    /// The earliest event is the greatest.
    fn cmp(&self, other: &Self) -> Order {
        (other.at_us, other.number).cmp(&(self.at_us, self.number))
    }
}

#[derive(Default)]
struct Agenda {
    due: BinaryHeap<Due>,
    next_number: u64,
}

/// A task that a process has started.
pub(crate) struct Spawned {
    pub(crate) process: Arc<Process>,
    pub(crate) future: Pin<Box<dyn Future<Output = ()> + Send>>,
}

pub(crate) struct World {
    pub(crate) setting: Setting,
    pub(crate) limits: Limits,
    now_us: AtomicU64,
    random: Mutex<Random>,
    agenda: Mutex<Agenda>,
    spawned: Mutex<Vec<Spawned>>,
    processes: Mutex<Vec<Arc<Process>>>,
    truth: Mutex<Truth>,
    pub(crate) faults: Mutex<Faults>,
    trace: Option<Mutex<Vec<String>>>,
}

const UNPOISONED: &str = "nothing panics while it holds this lock";

impl World {
    pub(crate) fn new(setting: Setting, faults: Faults, random: Random, traced: bool) -> Arc<Self> {
        let truth = Truth {
            row: None,
            provider: Provider::new(setting.provider),
            ledger: Ledger::default(),
            away_until_us: 0,
            login: 0,
            states: States::default(),
            many_rows: ManyRows::default(),
        };
        let limits = setting.limits();
        Arc::new(Self {
            setting,
            limits,
            now_us: AtomicU64::new(0),
            random: Mutex::new(random),
            agenda: Mutex::default(),
            spawned: Mutex::default(),
            processes: Mutex::default(),
            truth: Mutex::new(truth),
            faults: Mutex::new(faults),
            trace: traced.then(Mutex::default),
        })
    }

    pub(crate) fn now_us(&self) -> u64 {
        self.now_us.load(Ordering::Relaxed)
    }

    /// The database's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.moment(self.now_us())
    }

    pub(crate) fn moment(&self, us: u64) -> Timestamp {
        EPOCH.plus(Duration::from_micros(us))
    }

    pub(crate) fn random<T>(&self, choose: impl FnOnce(&mut Random) -> T) -> T {
        choose(&mut self.random.lock().expect(UNPOISONED))
    }

    pub(crate) fn truth(&self) -> MutexGuard<'_, Truth> {
        self.truth.lock().expect(UNPOISONED)
    }

    /// A new process.
    pub(crate) fn start(&self, name: String, is_old: bool, skew_hours: i64) -> Arc<Process> {
        let mut processes = self.processes.lock().expect(UNPOISONED);
        let process = Arc::new(Process::new(processes.len(), name, is_old, skew_hours));
        processes.push(Arc::clone(&process));
        process
    }

    pub(crate) fn process(&self, id: usize) -> Arc<Process> {
        Arc::clone(&self.processes.lock().expect(UNPOISONED)[id])
    }

    pub(crate) fn processes(&self) -> Vec<Arc<Process>> {
        self.processes.lock().expect(UNPOISONED).clone()
    }

    /// Whether old instances, which have no version check, may have made another fault worse.
    pub(crate) fn old_may_interfere(&self, ledger: &Ledger) -> bool {
        let faulty = self.faults.lock().expect(UNPOISONED).struck > 0;
        self.setting.has_old() && (faulty || self.setting.old_skewed || ledger.users_changes > 1)
    }

    /// Something happens after so long, even if its process crashes meanwhile.
    pub(crate) fn after(&self, us: u64, happening: impl FnOnce(&World) + Send + 'static) {
        self.due(self.now_us() + us, What::Happen(Box::new(happening)));
    }

    fn wake_after(&self, us: u64, waker: Waker) {
        self.due(self.now_us() + us, What::Wake(waker));
    }

    fn due(&self, at_us: u64, what: What) {
        let mut agenda = self.agenda.lock().expect(UNPOISONED);
        let number = agenda.next_number;
        agenda.next_number += 1;
        agenda.due.push(Due { at_us, number, what });
    }

    /// The time of the next event.
    pub(crate) fn next_due_us(&self) -> Option<u64> {
        self.agenda.lock().expect(UNPOISONED).due.peek().map(|due| due.at_us)
    }

    /// Moves the time; one event that is due happens.
    pub(crate) fn pass_to(&self, us: u64) {
        self.now_us.fetch_max(us, Ordering::Relaxed);
        let due = {
            let mut agenda = self.agenda.lock().expect(UNPOISONED);
            match agenda.due.peek() {
                Some(due) if due.at_us <= us => agenda.due.pop(),
                _ => None,
            }
        };
        match due.map(|due| due.what) {
            Some(What::Wake(waker)) => waker.wake(),
            Some(What::Happen(happening)) => happening(self),
            None => {}
        }
    }

    pub(crate) fn spawn(
        &self,
        process: &Arc<Process>,
        future: impl Future<Output = ()> + Send + 'static,
    ) {
        let spawned = Spawned { process: Arc::clone(process), future: Box::pin(future) };
        self.spawned.lock().expect(UNPOISONED).push(spawned);
    }

    pub(crate) fn take_spawned(&self) -> Vec<Spawned> {
        std::mem::take(&mut *self.spawned.lock().expect(UNPOISONED))
    }

    /// Adds a line to the trace, if there is one.
    pub(crate) fn note(&self, who: &str, line: impl FnOnce() -> String) {
        if let Some(trace) = &self.trace {
            let us = self.now_us();
            let (s, rest) = (us / 1_000_000, us % 1_000_000);
            let line = format!("{s:>6}.{rest:06} s  {who:<9} {}", line());
            trace.lock().expect(UNPOISONED).push(line);
        }
    }

    pub(crate) fn take_trace(&self) -> Vec<String> {
        self.trace
            .as_ref()
            .map(|trace| std::mem::take(&mut *trace.lock().expect(UNPOISONED)))
            .unwrap_or_default()
    }
}

/// Waits by a process's monotonic clock.
pub(crate) struct Sleep {
    pub(crate) world: Arc<World>,
    pub(crate) process: Arc<Process>,
    pub(crate) until_us: u64,
    /// The time of its wake-up event.
    pub(crate) waits_for_us: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let now_us = self.world.now_us();
        let left_us = self.until_us.saturating_sub(self.process.monotonic_us(now_us));
        if left_us == 0 {
            return Poll::Ready(());
        }
        let due_us = now_us + left_us;
        if self.waits_for_us != Some(due_us) {
            self.world.wake_after(left_us, context.waker().clone());
            self.waits_for_us = Some(due_us);
        }
        Poll::Pending
    }
}

/// Lets other tasks run first. A paused or crashed process stays here.
pub(crate) struct Yield(pub(crate) bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
