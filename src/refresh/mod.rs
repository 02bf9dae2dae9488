//! The refresh protocol: at most one live refresher per token across all processes, and never an
//! overwrite of newer credentials.
//!
//! `docs/internals/refresh-protocol.md` specifies it and defines its terms. The step numbers in
//! comments, here and in `src/store`, are the section numbers of that page.
//!
//! This file reads from top to bottom like the protocol: a call ([`Engine::valid`]: 1, 2, 10)
//! subscribes to a refresh task ([`Refresher`]: 1, 5), which makes attempts ([`Attempt`]: 3 to 9).

mod caller;
mod claimed;
mod commit;
mod ended;
mod events;
mod expires_at;
mod failed;
mod lease;
mod memory;
mod options;
mod policy;
mod poll;
mod read;
mod registry;
mod revoked;
mod runtime;
mod send;
mod state;
mod subscribe;
mod table;
mod to_token;
mod token;

use std::sync::Arc;
use std::time::Duration;

pub use caller::Caller;
pub use claimed::Claimed;
pub use events::{Event, EventKind, Observer, Silent};
pub use expires_at::expires_at;
pub use options::{RefreshConfig, RefreshOptions};
pub use runtime::{Runtime, Stopwatch, Tokio};
pub use state::{Failure, RefreshState, Refused, RowClient};
pub use table::{Commit, Committed, Credentials, LeaseRequest, Row, RowVersion, Sealed, Table};
pub use token::Token;

use crate::error::{Error, Result};
use crate::oauth::{TokenEndpoint, Verdict};
use crate::secret::RefreshToken;
use commit::Committer;
use ended::may_have_ended;
use events::Hold;
use lease::{Lease, Leases};
use memory::{Breakers, Clients, Durations, Failures};
use poll::{Awaited, Backoff};
use read::Read;
use registry::{RefreshTask, Registry};
use runtime::timeout;
use subscribe::Call;

type Outcome<T> = Result<Token<<T as Table>::Record>>;
type TaskKey<T> = (<T as Table>::Key, Option<String>);
type TaskOf<T> = RefreshTask<TaskKey<T>, Outcome<T>>;

/// Where the tokens of a row are refreshed. Called only when a refresh is needed or the row is leased, and
/// again for each row that is read, since the endpoint may depend on the row.
type EndpointOf<T, E> = dyn Fn(&<T as Table>::Record) -> Result<Arc<E>> + Send + Sync;

/// Where a refresh task goes after an attempt.
enum Next<T: Table> {
    /// It ends.
    Done(Outcome<T>),
    /// Back to step 1.
    Again,
}

/// The engine over one table.
pub struct Engine<T: Table, R: Runtime> {
    shared: Arc<Shared<T, R>>,
}

impl<T: Table, R: Runtime> Clone for Engine<T, R> {
    /// The same engine once more.
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

/// What all calls and refresh tasks of one table share.
struct Shared<T: Table, R: Runtime> {
    table: T,
    runtime: R,
    config: RefreshConfig,
    observer: Arc<dyn Observer>,
    registry: Arc<Registry<TaskKey<T>, Outcome<T>>>,
    leases: Leases<T::Key, R>,
    failures: Failures<TaskKey<T>, R>,
    breakers: Breakers<R>,
    clients: Clients,
    durations: Durations,
}

impl<T: Table, R: Runtime> Engine<T, R> {
    /// An engine that refreshes rows of `table`.
    pub fn new(table: T, runtime: R, config: RefreshConfig, observer: Arc<dyn Observer>) -> Self {
        let breaker_pause = Duration::from_millis(config.limits.breaker_ms);
        Self {
            shared: Arc::new(Shared {
                table,
                config,
                observer,
                registry: Registry::new(),
                leases: Leases::new(runtime.clone(), config),
                failures: Failures::new(runtime.clone(), config.limits),
                breakers: Breakers::new(runtime.clone(), breaker_pause),
                clients: Clients::default(),
                durations: Durations::default(),
                runtime,
            }),
        }
    }

    /// The table.
    pub fn table(&self) -> &T {
        &self.shared.table
    }

    /// A token of `key` that is valid for as long as `options` say, refreshed at the row's endpoint if
    /// need be. An endpoint that is not configured is an error only then.
    ///
    /// # Errors
    /// The table's `not_connected` and `revoked`. Otherwise an error of the refresh, but only if no
    /// usable token is stored.
    pub async fn valid<E: TokenEndpoint>(
        &self,
        key: T::Key,
        endpoint: impl Fn(&T::Record) -> Result<Arc<E>> + Send + Sync + 'static,
        options: RefreshOptions,
    ) -> Outcome<T> {
        let shared = &self.shared;
        let clock = Stopwatch::start(&shared.runtime);
        // 1. Read.
        let read = shared.read(&key).await?;
        if shared.is_enough(&read, options, &endpoint) {
            return shared.to_token(&key, &read).await;
        }
        let stored = shared.table.open(&key, &read.row).await?;
        if stored.refresh_token.is_none() {
            return shared.or_usable(&key, &read, options, Error::RefreshTokenMissing).await;
        }
        // 2. Subscribe.
        let call = Call { shared, key: &key, read, endpoint: Arc::new(endpoint), options, clock };
        let subscribed = match call.subscribe() {
            Ok(subscribed) => subscribed,
            // A mistake of the caller, which a usable token would only hide until it expires.
            Err(error @ Error::InvalidArgument { .. }) => return Err(error),
            Err(error) => return call.or_usable(error).await,
        };
        if let Some(token) = call.usable_at_once(&subscribed).await {
            return token;
        }
        let outcome = call.wait(subscribed, &stored.access_token).await;
        // 10. Return.
        call.to_token(outcome).await
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.shared.registry.is_closed()
    }

    /// Forgets the failures that this process remembers: each row may be tried again at once.
    pub fn forget_failures(&self) {
        self.shared.failures.forget();
    }

    /// Waits until no refresh task is running and everything that they leave behind is written.
    pub async fn wait_idle(&self) {
        self.shared.wait_idle().await;
    }

    /// Refuses new refresh tasks, ends those that have sent nothing, and waits for the others, with
    /// their commits, but no longer than `limit`. Returns whether all of them have ended.
    pub async fn close(&self, limit: Duration) -> bool {
        self.shared.registry.close();
        timeout(&self.shared.runtime, limit, self.shared.wait_idle()).await.is_some()
    }
}

fn task_key<T: Table>(key: &T::Key, endpoint: &impl TokenEndpoint) -> TaskKey<T> {
    (key.clone(), endpoint.login().map(str::to_owned))
}

impl<T: Table, R: Runtime> Shared<T, R> {
    async fn wait_idle(&self) {
        self.registry.wait_idle().await;
        self.table.notes_written().await;
    }

    /// Step 1: Read. No row, and a row that is marked revoked, are errors here.
    async fn read(&self, key: &T::Key) -> Result<Read<T>> {
        let since = Stopwatch::start(&self.runtime);
        let row = self.table.read(key).await?.ok_or_else(|| self.table.not_connected(key))?;
        match &row.revoked {
            Some(error) => Err(error.clone()),
            None => Ok(Read { row, since }),
        }
    }
}

/// The work of a refresh task.
struct Refresher<T: Table, R: Runtime, E> {
    task: TaskOf<T>,
    shared: Arc<Shared<T, R>>,
    key: T::Key,
    endpoint: Arc<EndpointOf<T, E>>,
    options: RefreshOptions,
}

impl<T: Table, R: Runtime, E: TokenEndpoint> Refresher<T, R, E> {
    /// Steps 1 to 9 until there is an outcome, beginning with the row that the first caller read.
    async fn run(self, first: Read<T>) {
        let Self { shared, key, task, .. } = &self;
        let mut backoff = Backoff::new(&shared.runtime, &shared.config);
        let mut unwanted = None;
        let mut first = Some(first);
        let mut awaited: Option<Awaited<T::Record>> = None;
        let mut attempted = None;
        let outcome = loop {
            let read = match first.take() {
                Some(first) => Ok(first),
                None => shared.read(key).await,
            };
            let read = match read {
                Ok(read) => read,
                Err(error) if !error.is_retryable() => break Err(error),
                Err(error) => {
                    // A failed poll starts the watch of an expired lease again (3c).
                    shared.leases.forget(key);
                    match backoff.pause(shared, None).await {
                        true => continue,
                        false => break Err(backoff.give_up(shared, Some(error))),
                    }
                }
            };
            // 5. A new access token is the result that the task waits for, even if it is not fresh.
            let replaced = match &awaited {
                Some(awaited) => {
                    match awaited.is_replaced_by(&read.row, &shared.table, key).await {
                        Ok(replaced) => replaced,
                        Err(error) => break Err(error),
                    }
                }
                None => false,
            };
            if replaced && let Some(took) = awaited.as_ref().and_then(|a| a.held_for(&read.row)) {
                shared.durations.remember(took);
            }
            let force = match self.is_unwanted(&read, &mut unwanted).await {
                Ok(force) => force,
                Err(error) => break Err(error),
            };
            let options = RefreshOptions { force, ..self.options };
            let is_ended = may_have_ended(&read, self.endpoint.as_ref());
            let is_result = replaced && !force && !is_ended && shared.is_usable(&read);
            if is_result || shared.is_enough(&read, options, self.endpoint.as_ref()) {
                break shared.to_token(key, &read).await;
            }
            let endpoint = match (self.endpoint)(&read.row.record) {
                Ok(endpoint) => endpoint,
                Err(error) => break Err(error),
            };
            let options = RefreshOptions { force: force || is_ended, ..options };
            match self.attempt(&read, endpoint.as_ref(), options).await {
                Some(Next::Done(outcome)) => {
                    attempted = Some((task_key::<T>(key, endpoint.as_ref()), read.row));
                    break outcome;
                }
                Some(Next::Again) => awaited = None,
                None => {
                    // Refused twice, although the lease is free and the row has not changed (3b).
                    let is_odd = awaited.as_ref().is_some_and(|a| a.is_free_as_before(&read.row));
                    if is_odd
                        && let Some(error) =
                            lease::refused_by(&shared.table, key, &read.row.version).await
                    {
                        break Err(error);
                    }
                    task.polls();
                    awaited = Some(Awaited::new(read.row));
                }
            }
            if !backoff.pause(shared, awaited.as_ref()).await {
                break Err(backoff.give_up(shared, None));
            }
        };
        let attempted = attempted.as_ref().map(|(task_key, row)| (task_key, &row.version));
        shared.settle(key, attempted, outcome, task).await;
    }

    /// Steps 3 to 9 for the row as it was read; `None`: the lease was refused.
    async fn attempt(
        &self,
        read: &Read<T>,
        endpoint: &E,
        options: RefreshOptions,
    ) -> Option<Next<T>> {
        let Self { shared, key, task, .. } = self;
        match Attempt::prepare(shared, key, read, endpoint, task).await {
            Ok(attempt) => attempt.run(options).await,
            Err(error) => Some(Next::Done(Err(error))),
        }
    }
}

/// One attempt to refresh a row.
struct Attempt<'a, T: Table, R: Runtime, E> {
    shared: &'a Shared<T, R>,
    key: &'a T::Key,
    read: &'a Read<T>,
    endpoint: &'a E,
    task: &'a TaskOf<T>,
    /// The tokens of the row as it was read.
    sent: Credentials,
    refresh_token: RefreshToken,
}

impl<T: Table, R: Runtime, E: TokenEndpoint> Attempt<'_, T, R, E> {
    /// Steps 3 to 9; `None`: the lease was refused.
    async fn run(&self, options: RefreshOptions) -> Option<Next<T>> {
        let Shared { table, leases, .. } = self.shared;
        // 3. Take the lease.
        let lease = match leases.take(table, self.key, &self.read.row, options).await {
            Ok(lease) => lease?,
            Err(error) => return Some(Next::Done(Err(error))),
        };
        if let Some(refused) = self.refused().await {
            lease.release(table, self.key).await;
            return Some(Next::Done(Err(refused)));
        }
        Some(self.refresh(&lease).await)
    }

    /// Steps 4 to 9, with the lease.
    async fn refresh(&self, lease: &Lease) -> Next<T> {
        let Shared { table, runtime, config, observer, registry, .. } = self.shared;
        let events = self.shared.events(self.key);
        // 4. Check before sending.
        if registry.is_closed() {
            lease.release(table, self.key).await;
            return Next::Done(Err(Error::Closed));
        }
        if !lease.has_room(runtime, &config.limits) {
            events.tell(EventKind::LeaseLost, None);
            lease.release(table, self.key).await;
            return Next::Again;
        }
        // 6. Send.
        let _hold = Hold::new(observer);
        events.tell(EventKind::RefreshStart, None);
        let next = match self.send(lease).await {
            Verdict::Granted(response) => {
                self.shared.breakers.close(self.endpoint.login());
                self.shared.durations.remember(lease.clock.elapsed_monotonic(runtime));
                // 7. Commit.
                let next = Committer::new(self, lease, &response).commit().await;
                if matches!(next, Next::Done(Ok(_))) {
                    self.note_refreshed();
                }
                next
            }
            // 9a, 9c, 9d.
            Verdict::InvalidGrant(refusal) => self.revoked(lease, &refusal).await,
            // 8, 9a, 9b.
            failed => self.failed(lease, failed).await,
        };
        events.tell_outcome(&next, lease.clock.elapsed_monotonic(runtime));
        next
    }
}
