//! Runs the tasks of all processes, one poll at a time, in random order.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use super::faults::Action;
use super::process::Process;
use super::world::World;

/// More polls than any schedule needs that comes to an end.
const POLLS_MAX: u64 = 400_000;

struct Ready(AtomicBool);

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Task {
    process: Arc<Process>,
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
    ready: Arc<Ready>,
    waker: Waker,
}

/// Stops a process at a poll, whatever it is doing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CrashAt {
    pub(crate) process: usize,
    pub(crate) poll: u64,
}

pub(crate) struct Executor {
    world: Arc<World>,
    tasks: Vec<Task>,
    pub(crate) polls: u64,
    /// Polls of each process.
    polls_of: Vec<u64>,
    crash_at: Option<CrashAt>,
}

impl Executor {
    pub(crate) fn new(world: Arc<World>, crash_at: Option<CrashAt>) -> Self {
        Self { world, tasks: Vec::new(), polls: 0, polls_of: Vec::new(), crash_at }
    }

    /// Polls of one process so far.
    pub(crate) fn polls_of(&self, process: usize) -> u64 {
        self.polls_of.get(process).copied().unwrap_or_default()
    }

    /// Runs until no task is left, or the ledger holds a violation.
    pub(crate) fn run(&mut self) {
        loop {
            self.adopt();
            self.bury();
            if self.tasks.is_empty() || self.world.truth().ledger.violation.is_some() {
                return;
            }
            if self.polls > POLLS_MAX {
                self.world.truth().ledger.violate("I5", "nobody comes to an end");
                return;
            }
            match self.next_ready() {
                Some(index) => self.poll(index),
                None => self.pass_time(),
            }
        }
    }

    fn adopt(&mut self) {
        for spawned in self.world.take_spawned() {
            let ready = Arc::new(Ready(AtomicBool::new(true)));
            let waker = Waker::from(Arc::clone(&ready));
            let (process, future) = (spawned.process, spawned.future);
            self.tasks.push(Task { process, future, ready, waker });
        }
    }

    fn bury(&mut self) {
        self.tasks.retain(|task| !task.process.is_crashed());
    }

    /// A random task, whichever was woken first, so that a run does not depend on clocks or addresses.
    fn next_ready(&self) -> Option<usize> {
        let now_us = self.world.now_us();
        let is_ready =
            |task: &Task| task.ready.0.load(Ordering::Relaxed) && !task.process.is_paused(now_us);
        let ready = self.tasks.iter().filter(|task| is_ready(task)).count();
        if ready == 0 {
            return None;
        }
        let chosen = self.world.random(|random| random.index(ready));
        let mut indices = (0..self.tasks.len()).filter(|index| is_ready(&self.tasks[*index]));
        indices.nth(chosen)
    }

    fn poll(&mut self, index: usize) {
        let task = &mut self.tasks[index];
        let id = task.process.id;
        if self.polls_of.len() <= id {
            self.polls_of.resize(id + 1, 0);
        }
        if self.crash_at.is_some_and(|at| at.process == id && at.poll == self.polls_of[id]) {
            self.world.happen(&task.process, Action::Crash);
            let mut faults = self.world.faults.lock().expect("nothing panics while holding it");
            faults.struck += 1;
            faults.disruptive += 1;
            return;
        }
        self.polls += 1;
        self.polls_of[id] += 1;
        task.ready.0.store(false, Ordering::Relaxed);
        let mut context = Context::from_waker(&task.waker);
        if task.future.as_mut().poll(&mut context).is_ready() {
            self.tasks.swap_remove(index);
        }
    }

    /// Moves the time to the next event, or to the end of the next pause.
    fn pass_time(&mut self) {
        let now_us = self.world.now_us();
        let pauses = self.tasks.iter().map(|task| task.process.paused_until_us());
        let next_us = pauses.filter(|until| *until > now_us).chain(self.world.next_due_us()).min();
        match next_us {
            Some(next_us) => self.world.pass_to(next_us),
            None => {
                self.world.truth().ledger.violate("I5", "everybody waits for nothing");
            }
        }
    }
}
