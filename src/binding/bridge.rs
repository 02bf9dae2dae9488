//! The way back to JavaScript: results are queued, and one shared thread-safe function wakes the
//! JS thread, which takes all that are ready in one hop. One bridge for each copy of the JavaScript API.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use napi::bindgen_prelude::{Array, Env, Function, Result};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use tokio::sync::oneshot;

use super::database_password;
use super::fetch;
use super::flat::Flat;
use super::message::{Message, Value};
use super::runtime::runtime;
use crate::error::Error;
use crate::oauth::{HttpFailure, HttpResponse, RefreshFnAnswer, RefreshFnTokens, Thrown};
use crate::refresh::{Caller, Stopwatch, Tokio};
use crate::secret::{AccessToken, RefreshToken};

/// Weak: what is idle never keeps Node alive. The JavaScript API holds Node while calls are under way.
type Wake = ThreadsafeFunction<(), (), (), napi::Status, false, true>;

/// A run of a `refreshFn` that is to be answered.
struct Run {
    answer: oneshot::Sender<RefreshFnAnswer>,
    queued: Stopwatch,
    budget: Duration,
}

/// The side that tasks hold.
pub(super) struct Outbox {
    wake: Wake,
    ready: Mutex<Vec<Message>>,
    /// `None` after the environment has ended.
    runs: Mutex<Option<HashMap<u32, Run>>>,
    /// Requests that the application's `fetch` is to send; `None` likewise.
    pub(super) fetches: Mutex<Option<HashMap<u32, fetch::Sender>>>,
    /// Calls of a `databasePassword`; `None` likewise.
    pub(super) passwords: Mutex<Option<HashMap<u32, database_password::Sender>>>,
    /// Whether the JavaScript API keeps the async context of each call: only where some instance has a `fetch`.
    keeps_callers: AtomicBool,
    clock: Tokio,
    next_refresh: AtomicU32,
}

impl Outbox {
    /// Queues a message; wakes the JS thread unless it is on its way already. After the
    /// environment has ended nobody is left to be told.
    pub(super) fn send(&self, message: Message) {
        let first = {
            let mut ready = lock(&self.ready);
            ready.push(message);
            ready.len() == 1
        };
        if first {
            self.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    /// A number for a call that the JavaScript API is to answer.
    pub(super) fn next_call(&self) -> u32 {
        self.next_refresh.fetch_add(1, Ordering::Relaxed)
    }

    /// Registers a run of a `refreshFn`; the receiver fails when the environment ends.
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

    /// Registers a request; the receiver fails when the environment ends.
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

    /// Answers a request that somebody still waits for.
    pub(super) fn fetched(
        &self,
        call: u32,
        answer: std::result::Result<HttpResponse, HttpFailure>,
    ) {
        let waiting = lock(&self.fetches).as_mut().and_then(|fetches| fetches.remove(&call));
        if let Some(waiting) = waiting {
            // Nobody waits any more when the refresh task has been given up.
            let _ = waiting.send(answer);
        }
    }

    /// Whether the request was still to be answered.
    pub(super) fn forget_fetch(&self, call: u32) -> bool {
        lock(&self.fetches).as_mut().is_some_and(|fetches| fetches.remove(&call).is_some())
    }

    /// The call `id`, where the JavaScript API keeps its async context until nothing runs on its behalf.
    fn caller(self: &Arc<Self>, id: u32) -> Option<Caller> {
        let outbox = Arc::clone(self);
        let ended = move |call| outbox.send(Message::ForgetCaller { call });
        self.keeps_callers.load(Ordering::Relaxed).then(|| Caller::new(id, ended))
    }

    /// Runs `work` on the runtime and settles the call `id` with what it comes to. A panic is a
    /// rejection.
    pub(super) fn run(
        self: &Arc<Self>,
        id: u32,
        work: impl Future<Output = crate::error::Result<Value>> + Send + 'static,
    ) {
        let outbox = Arc::clone(self);
        let caller = self.caller(id);
        match runtime(1) {
            Ok(runtime) => {
                runtime.spawn(async move {
                    let work = AssertUnwindSafe(work).catch_unwind();
                    let outcome = match caller {
                        Some(caller) => caller.scope(work).await,
                        None => work.await,
                    };
                    let outcome =
                        outcome.unwrap_or_else(|_| Err(Error::internal("a task panicked")));
                    outbox.send(Message::settled(id, outcome));
                });
            }
            Err(error) => outbox.send(Message::settled(id, Err(error))),
        }
    }
}

/// The value, also after a panic elsewhere: no state here can be half-written.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The side that the JavaScript API holds.
#[napi]
pub struct Bridge {
    pub(super) outbox: Arc<Outbox>,
}

/// What the JavaScript API could read off an object that a `refreshFn` threw.
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
    /// `wake` is called on the JS thread when there is something to `drain`.
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
                runs: Mutex::new(Some(HashMap::new())),
                fetches: Mutex::new(Some(HashMap::new())),
                passwords: Mutex::new(Some(HashMap::new())),
                keeps_callers: AtomicBool::new(false),
                clock: Tokio::default(),
                next_refresh: AtomicU32::new(0),
            }),
        })
    }

    /// Everything that is ready, flat: for each message its kind, a number and its fields.
    #[napi(catch_unwind, ts_return_type = "Array<unknown>")]
    pub fn drain<'env>(&self, env: &'env Env) -> Result<Array<'env>> {
        let messages = std::mem::take(&mut *lock(&self.outbox.ready));
        let mut flat = Flat::new(env)?;
        for message in messages {
            message.write(&mut flat)?;
        }
        Ok(flat.into_array())
    }

    /// From the next call on the JavaScript API keeps each one's async context until it is told to forget it.
    #[napi(catch_unwind)]
    pub fn keep_callers(&self) {
        self.outbox.keeps_callers.store(true, Ordering::Relaxed);
    }

    /// Asked just before a `refreshFn` is run: how many milliseconds it may take, or `null` when
    /// it must not be run any more, since its lease may be lost.
    #[napi(catch_unwind)]
    pub fn may_run(&self, call: u32) -> Option<f64> {
        let mut runs = lock(&self.outbox.runs);
        let run = runs.as_mut()?.get(&call)?;
        let left = run.budget.saturating_sub(run.queued.elapsed(&self.outbox.clock));
        if !left.is_zero() {
            return Some(left.as_secs_f64() * 1_000.0);
        }
        if let Some(run) = runs.as_mut().and_then(|runs| runs.remove(&call)) {
            // Nobody waits any more when the refresh task has been given up.
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
            // Nobody waits any more when the refresh task has been given up.
            let _ = run.answer.send(answer);
        }
    }
}

impl Drop for Bridge {
    /// The environment ended: runs of a `refreshFn`, requests, and calls of a `databasePassword` will never
    /// be answered.
    fn drop(&mut self) {
        lock(&self.outbox.runs).take();
        lock(&self.outbox.fetches).take();
        lock(&self.outbox.passwords).take();
    }
}
