//! Results on their way to JavaScript. They are queued, and one shared thread-safe function wakes the
//! JavaScript thread, which takes all queued results at once. Each loaded copy of the JavaScript API has
//! one bridge.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use napi::bindgen_prelude::{Env, Function, Result};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use tokio::sync::oneshot;

use super::database_password;
use super::fetch;
use super::flat::{Collect, Flat};
use super::message::{Message, Value};
use super::runtime::runtime;
use crate::error::Error;
use crate::oauth::{HttpFailure, HttpResponse, RefreshFnAnswer, RefreshFnTokens, Thrown};
use crate::refresh::{Caller, Stopwatch, Tokio};
use crate::secret::{AccessToken, RefreshToken};

/// Weak: it does not keep Node alive. The JavaScript API does, while calls are running.
type Wake = ThreadsafeFunction<(), (), (), napi::Status, false, true>;

/// A run of a `refreshFn` that waits for its answer.
struct Run {
    answer: oneshot::Sender<RefreshFnAnswer>,
    queued: Stopwatch,
    budget: Duration,
}

/// The messages that JavaScript has not taken yet.
#[derive(Default)]
struct Ready {
    messages: Vec<Message>,
    /// Whether the JavaScript thread was woken since it last took them.
    woken: bool,
}

/// The Rust side, held by tasks.
pub(super) struct Outbox {
    wake: Wake,
    ready: Mutex<Ready>,
    /// How many calls are not settled yet.
    running: AtomicUsize,
    /// Runs of a `refreshFn`. `None` after the environment has ended.
    runs: Mutex<Option<HashMap<u32, Run>>>,
    /// Requests for the application's `fetch`. `None` after the environment has ended.
    pub(super) fetches: Mutex<Option<HashMap<u32, fetch::Sender>>>,
    /// Calls of a `databasePassword`. `None` after the environment has ended.
    pub(super) passwords: Mutex<Option<HashMap<u32, database_password::Sender>>>,
    /// Whether the JavaScript API keeps the async context of each call. It does once an instance has a
    /// `fetch`.
    keeps_callers: AtomicBool,
    clock: Tokio,
    next_refresh: AtomicU32,
}

impl Outbox {
    /// Queues a message, and wakes the JavaScript thread unless it has been woken already. After the
    /// environment has ended, nothing reads the messages.
    pub(super) fn send(&self, message: Message) {
        self.queue(message);
        self.wake();
    }

    /// Returns whether it is the only one.
    fn queue(&self, message: Message) -> bool {
        let mut ready = lock(&self.ready);
        ready.messages.push(message);
        ready.messages.len() == 1
    }

    fn wake(&self) {
        let needs_wake = {
            let mut ready = lock(&self.ready);
            !ready.messages.is_empty() && !std::mem::replace(&mut ready.woken, true)
        };
        if needs_wake {
            self.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    /// Settles a call. Several calls usually end together, after a combined read: then the JavaScript thread
    /// is woken once for all.
    fn settle(self: &Arc<Self>, id: u32, outcome: crate::error::Result<Value>) {
        let is_first = self.queue(Message::settled(id, outcome));
        if self.running.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.wake();
        } else if is_first {
            let outbox = Arc::clone(self);
            tokio::spawn(async move {
                // What is ready to run comes first.
                tokio::task::yield_now().await;
                outbox.wake();
            });
        }
    }

    /// A number for a call that the JavaScript API answers.
    pub(super) fn next_call(&self) -> u32 {
        self.next_refresh.fetch_add(1, Ordering::Relaxed)
    }

    /// Registers a run of a `refreshFn`. The receiver fails when the environment ends.
    pub(super) fn expect_refresh(
        &self,
        budget: Duration,
    ) -> (u32, oneshot::Receiver<RefreshFnAnswer>) {
        let call = self.next_call();
        let (answer, receiver) = oneshot::channel();
        let queued = Stopwatch::start(&self.clock);
        if let Some(runs) = lock(&self.runs).as_mut() {
            runs.insert(call, Run { answer, queued, budget });
        }
        (call, receiver)
    }

    /// Registers a request. The receiver fails when the environment ends.
    pub(super) fn expect_fetch(
        &self,
    ) -> (u32, oneshot::Receiver<std::result::Result<HttpResponse, HttpFailure>>) {
        let call = self.next_call();
        let (answer, receiver) = oneshot::channel();
        if let Some(fetches) = lock(&self.fetches).as_mut() {
            fetches.insert(call, answer);
        }
        (call, receiver)
    }

    /// Answers a request, if a task still waits for it.
    pub(super) fn fetched(
        &self,
        call: u32,
        answer: std::result::Result<HttpResponse, HttpFailure>,
    ) {
        let waiting = lock(&self.fetches).as_mut().and_then(|fetches| fetches.remove(&call));
        if let Some(waiting) = waiting {
            // The receiver is gone if the refresh task was given up.
            let _ = waiting.send(answer);
        }
    }

    /// Forgets a request; returns whether it was still waiting for its answer.
    pub(super) fn forget_fetch(&self, call: u32) -> bool {
        lock(&self.fetches).as_mut().is_some_and(|fetches| fetches.remove(&call).is_some())
    }

    /// The call `id`, if the JavaScript API keeps its async context until nothing runs for it any more.
    fn caller(self: &Arc<Self>, id: u32) -> Option<Caller> {
        self.keeps_callers.load(Ordering::Relaxed).then(|| {
            let outbox = Arc::clone(self);
            Caller::new(id, move |call| outbox.send(Message::ForgetCaller { call }))
        })
    }

    /// Runs `work` on the runtime and settles the call `id` with its outcome. A panic becomes a rejection.
    pub(super) fn run(
        self: &Arc<Self>,
        id: u32,
        work: impl Future<Output = crate::error::Result<Value>> + Send + 'static,
    ) {
        let outbox = Arc::clone(self);
        let caller = self.caller(id);
        match runtime(1) {
            Ok(runtime) => {
                self.running.fetch_add(1, Ordering::Relaxed);
                runtime.spawn(async move {
                    let work = AssertUnwindSafe(work).catch_unwind();
                    let outcome = match caller {
                        Some(caller) => caller.scope(work).await,
                        None => work.await,
                    };
                    let outcome =
                        outcome.unwrap_or_else(|_| Err(Error::internal("a task panicked")));
                    outbox.settle(id, outcome);
                });
            }
            Err(error) => outbox.send(Message::settled(id, Err(error))),
        }
    }
}

/// Locks, also after a panic elsewhere: no state behind these mutexes can be half-written.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The JavaScript side.
#[napi]
pub struct Bridge {
    pub(super) outbox: Arc<Outbox>,
}

/// What the JavaScript API could read from an object that a `refreshFn` threw.
#[napi(object)]
pub struct ThrownFields {
    pub cause_id: u32,
    pub message: String,
    pub name: Option<String>,
    pub code: Option<String>,
    pub status: Option<u16>,
    pub error: Option<String>,
    pub description: Option<String>,
}

#[napi]
impl Bridge {
    /// `wake` is called on the JavaScript thread when there is something to `drain`.
    #[napi(constructor, catch_unwind)]
    pub fn new(wake: Function<'_, (), ()>) -> Result<Self> {
        let wake = wake
            .build_threadsafe_function::<()>()
            .callee_handled::<false>()
            .weak::<true>()
            .build_callback(|_| Ok(()))?;
        Ok(Self {
            outbox: Arc::new(Outbox {
                wake,
                ready: Mutex::default(),
                running: AtomicUsize::new(0),
                runs: Mutex::new(Some(HashMap::new())),
                fetches: Mutex::new(Some(HashMap::new())),
                passwords: Mutex::new(Some(HashMap::new())),
                keeps_callers: AtomicBool::new(false),
                clock: Tokio::default(),
                next_refresh: AtomicU32::new(0),
            }),
        })
    }

    /// Gives every queued message to `collect`: for each the number of its kind, then its fields. Calls it
    /// again if there are too many for one call.
    #[napi(catch_unwind, ts_args_type = "collect: (...values: Array<unknown>) => void")]
    pub fn drain(&self, env: &Env, collect: Collect<'_>) -> Result<()> {
        let Ready { messages, .. } = std::mem::take(&mut *lock(&self.outbox.ready));
        let mut flat = Flat::new(env, collect, messages.len());
        for message in messages {
            message.write(&mut flat)?;
        }
        flat.hand_over()
    }

    /// From now on the JavaScript API keeps the async context of each call until a message forgets it.
    #[napi(catch_unwind)]
    pub fn keep_callers(&self) {
        self.outbox.keeps_callers.store(true, Ordering::Relaxed);
    }

    /// Called just before a `refreshFn` is run: how many milliseconds it may take. `null`: it must not run
    /// any more, since its lease may be lost.
    #[napi(catch_unwind)]
    pub fn may_run(&self, call: u32) -> Option<f64> {
        let mut runs = lock(&self.outbox.runs);
        let run = runs.as_mut()?.get(&call)?;
        let left = run.budget.saturating_sub(run.queued.elapsed(&self.outbox.clock));
        if !left.is_zero() {
            return Some(left.as_secs_f64() * 1_000.0);
        }
        if let Some(run) = runs.as_mut().and_then(|runs| runs.remove(&call)) {
            // The receiver is gone if the refresh task was given up.
            let _ = run.answer.send(RefreshFnAnswer::NotRun);
        }
        None
    }

    /// Answers a run of a `refreshFn` with what it returned.
    #[napi(catch_unwind)]
    pub fn refreshed(
        &self,
        call: u32,
        access_token: String,
        refresh_token: Option<String>,
        expiry_date_ms: f64,
        scopes: Option<Vec<String>>,
    ) {
        let tokens = RefreshFnTokens {
            access_token: AccessToken::new(access_token),
            refresh_token: refresh_token.map(RefreshToken::new),
            expiry_date_ms,
            scopes,
        };
        self.answer(call, RefreshFnAnswer::Returned(tokens));
    }

    /// Answers a run of a `refreshFn` with what it threw.
    #[napi(catch_unwind)]
    pub fn refresh_threw(&self, call: u32, thrown: ThrownFields) {
        let ThrownFields { cause_id, message, name, code, status, error, description } = thrown;
        let thrown = Thrown { cause_id, message, name, code, status, error, description };
        self.answer(call, RefreshFnAnswer::Threw(thrown));
    }

    fn answer(&self, call: u32, answer: RefreshFnAnswer) {
        let run = lock(&self.outbox.runs).as_mut().and_then(|runs| runs.remove(&call));
        if let Some(run) = run {
            // The receiver is gone if the refresh task was given up.
            let _ = run.answer.send(answer);
        }
    }
}

impl Drop for Bridge {
    /// The environment has ended: no run of a `refreshFn`, request or call of a `databasePassword` will be
    /// answered.
    fn drop(&mut self) {
        lock(&self.outbox.runs).take();
        lock(&self.outbox.fetches).take();
        lock(&self.outbox.passwords).take();
    }
}
