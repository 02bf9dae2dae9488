//! The refresh protocol. At most one live refresher per token across all processes, and never an
//! overwrite of newer credentials. Reads from top to bottom like the protocol itself; the numbers
//! are its steps.
//!
//! Terms: the *row version* is the pair of stored texts; the *version check* is "both texts are the ones I
//! read"; the *lease* is the right to refresh one row for a bounded time; a row is *in doubt* after an expired
//! lease: somebody may have spent the refresh token and not stored the answer.

mod caller;
mod claimed;
mod commit;
mod events;
mod fail;
mod lease;
mod memory;
mod options;
mod policy;
mod poll;
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
pub use options::{RefreshConfig, RefreshOptions};
pub use runtime::{Runtime, Stopwatch, Tokio};
pub use state::{Failure, RefreshState, Refused, RowClient};
pub use table::{
    Commit, Committed, Credentials, EndpointOf, LeaseRequest, Row, RowVersion, Sealed, Table,
};
pub use token::Token;

use crate::error::{Error, Result};
use crate::oauth::{TokenEndpoint, Verdict};
use crate::secret::RefreshToken;
use commit::Answer;
use events::Hold;
use lease::{Lease, Watches};
use memory::{Breakers, Clients, Durations, Failures};
use poll::{Backoff, Held};
use registry::{RefreshTask, Registry, is_polling};
use runtime::timeout;
use subscribe::Needs;
use token::Reading;

type Outcome<T> = Result<Token<<T as Table>::Record>>;
type TaskKey<T> = (<T as Table>::Key, Option<String>);
type TaskOf<T> = RefreshTask<TaskKey<T>, Outcome<T>>;

/// Where a refresh task goes after a step.
enum Next<T: Table> {
    /// It ends.
    Done(Outcome<T>),
    /// Back to step 1.
    Again,
}

/// A row and when it was read.
struct Read<T: Table> {
    row: Row<T::Record>,
    reading: Reading,
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

struct Shared<T: Table, R: Runtime> {
    table: T,
    runtime: R,
    config: RefreshConfig,
    observer: Arc<dyn Observer>,
    registry: Arc<Registry<TaskKey<T>, Outcome<T>>>,
    watches: Watches<T::Key>,
    failures: Failures<TaskKey<T>>,
    breakers: Breakers,
    clients: Clients,
    durations: Durations,
}

impl<T: Table, R: Runtime> Engine<T, R> {
    /// An engine that refreshes rows of `table`.
    pub fn new(table: T, runtime: R, config: RefreshConfig, observer: Arc<dyn Observer>) -> Self {
        Self {
            shared: Arc::new(Shared {
                table,
                runtime,
                config,
                observer,
                registry: Registry::new(),
                watches: Watches::new(),
                failures: Failures::new(),
                breakers: Breakers::new(),
                clients: Clients::default(),
                durations: Durations::default(),
            }),
        }
    }

    /// The table.
    pub fn table(&self) -> &T {
        &self.shared.table
    }

    /// A token of `key` that is good for as long as `options` say, refreshed at the row's endpoint if
    /// need be; one that is not configured matters only then.
    ///
    /// # Errors
    /// The table's `not_connected` and `revoked`; otherwise an error of the refresh, but only
    /// when no usable token is stored.
    pub async fn valid<E: TokenEndpoint>(
        &self,
        key: T::Key,
        endpoint: impl EndpointOf<T, E>,
        options: RefreshOptions,
    ) -> Outcome<T> {
        let shared = &self.shared;
        let clock = Stopwatch::start(&shared.runtime);
        // 1. Read.
        let read = shared.read(&key).await?;
        if shared.is_enough(&read, options) {
            return shared.to_token(&key, &read).await;
        }
        let stored = shared.table.open(&key, &read.row).await?;
        if stored.refresh_token.is_none() {
            return shared.or_usable(&key, &read, options, Error::RefreshTokenMissing).await;
        }
        // 2. Join the refresh task.
        let endpoint = Arc::new(endpoint);
        let subscribe = || shared.subscribe(&key, &read, &endpoint, options);
        let subscribed = match subscribe() {
            Ok(subscribed) => subscribed,
            // The caller's own mistake, which a token would hide until there is none.
            Err(error @ Error::InvalidArgument { .. }) => return Err(error),
            Err(error) => return shared.or_usable(&key, &read, options, error).await,
        };
        let wait = Duration::from_millis(options.wait_ms);
        let left = || wait.saturating_sub(clock.elapsed(&shared.runtime));
        if shared.takes_usable(options) && shared.is_usable(&read) {
            // Only who started the refresh task waits, and only until somebody else turns out to refresh.
            let (started, subscription) = &subscribed;
            let polls = !started
                || timeout(&shared.runtime, left(), is_polling(subscription.clone())).await
                    == Some(true);
            if polls && let Some(token) = shared.usable(&key, &read).await {
                return token;
            }
        }
        let needs = Needs {
            seen: &read.row.version,
            unwanted: options.force.then_some(&stored.access_token),
            fresh_ms: options.fresh_ms,
        };
        let outcome = shared.wait(subscribed, needs, subscribe, left).await;
        let lost = || Err(Error::internal("a refresh ended without an outcome"));
        match outcome.map(|outcome| outcome.unwrap_or_else(lost)) {
            Some(Ok(token)) if shared.left_ms(&token) > 0 => Ok(token),
            Some(Ok(_)) => {
                let reason = "it has run out already; a refreshFn's expiryDate is in milliseconds since 1970";
                let spent = Error::ProviderResponse { reason: reason.into() };
                shared.or_usable(&key, &read, options, spent).await
            }
            Some(Err(error)) => shared.or_usable(&key, &read, options, error).await,
            None => {
                let late = Error::RefreshTimeout { waited_ms: options.wait_ms };
                shared.or_usable(&key, &read, options, late).await
            }
        }
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.shared.registry.is_closed()
    }

    /// Forgets what has failed here: each row may be tried again at once.
    pub fn forget_failures(&self) {
        self.shared.failures.forget();
    }

    /// Waits until no refresh task is under way, and all that they leave behind is written.
    pub async fn wait_idle(&self) {
        self.shared.wait_idle().await;
    }

    /// Refuses new refresh tasks, ends those that have sent nothing, and waits for the others, commits
    /// included, but no longer than `limit`. Gives whether all of them ended.
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
        self.table.noted().await;
    }

    /// Step 1: Read. No row, or one that is marked revoked, is an error here.
    async fn read(&self, key: &T::Key) -> Result<Read<T>> {
        let since = Stopwatch::start(&self.runtime);
        let row = self.table.read(key).await?.ok_or_else(|| self.table.not_connected(key))?;
        match &row.revoked {
            Some(error) => Err(error.clone()),
            None => Ok(Read { reading: Reading { now: row.now, since }, row }),
        }
    }

    /// Step 2: The refresh task: steps 1 to 9 until there is an outcome, beginning with what its first
    /// caller has just read.
    async fn run<E: TokenEndpoint>(
        self: Arc<Self>,
        key: T::Key,
        first: Read<T>,
        endpoint: Arc<impl EndpointOf<T, E>>,
        options: RefreshOptions,
        task: TaskOf<T>,
    ) {
        let patience = policy::poll_timeout(&self.config.limits, self.config.mixed_fleet);
        let mut backoff = Backoff::new(&self.runtime, patience);
        let mut unwanted = None;
        let mut first = Some(first);
        // What this refresh task waits to see changed by somebody else.
        let mut waits_on: Option<Held<T::Record>> = None;
        let mut attempted: Option<(TaskKey<T>, RowVersion)> = None;
        let outcome = loop {
            let read = match first.take() {
                Some(first) => Ok(first),
                None => self.read(&key).await,
            };
            let read = match read {
                Ok(read) => read,
                Err(error) if !error.is_retryable() => break Err(error),
                Err(error) => {
                    // A failed poll: the watch starts again, and the refresh task polls.
                    self.watches.forget(&key);
                    match self.pause_before_reread(&mut backoff, None).await {
                        true => continue,
                        false => break Err(self.gives_up(&backoff, Some(error))),
                    }
                }
            };
            // 5. Who waited for a commit takes its token also when it is not fresh.
            let committed = match &waits_on {
                Some(held) => match self.is_replaced(&key, held, &read.row).await {
                    Ok(replaced) => replaced,
                    Err(error) => break Err(error),
                },
                None => false,
            };
            let held = waits_on.as_ref().filter(|_| committed);
            if let Some(took) = held.and_then(|held| held.until(read.row.updated_at)) {
                self.durations.remember(took);
            }
            let force = match self.is_unwanted(&key, &read, options, &mut unwanted).await {
                Ok(force) => force,
                Err(error) => break Err(error),
            };
            let options = RefreshOptions { force, ..options };
            if self.is_enough(&read, options) || (committed && !force && self.is_usable(&read)) {
                break self.to_token(&key, &read).await;
            }
            // Asked of each row anew: the user may have connected elsewhere.
            let here = match endpoint(&read.row.record) {
                Ok(endpoint) => endpoint,
                Err(error) => break Err(error),
            };
            match self.attempt(&key, &read, here.as_ref(), options, &task).await {
                Some(Next::Done(outcome)) => {
                    attempted = Some((task_key::<T>(&key, here.as_ref()), read.row.version));
                    break outcome;
                }
                Some(Next::Again) => waits_on = None,
                None => {
                    // Refused once more, though nobody holds it and nothing has changed.
                    let is_odd = waits_on.as_ref().is_some_and(|held| held.is_as_free(&read.row));
                    if is_odd && let Some(error) = self.swallowed(&key, &read.row.version).await {
                        break Err(error);
                    }
                    task.polls();
                    waits_on = Some(Held::of(read.row));
                }
            }
            if !self.pause_before_reread(&mut backoff, waits_on.as_ref()).await {
                break Err(self.gives_up(&backoff, None));
            }
        };
        self.settle(&key, attempted.as_ref(), outcome, &task).await;
    }

    /// Steps 3 to 9, once. `None`: the lease was refused.
    async fn attempt<E: TokenEndpoint>(
        &self,
        key: &T::Key,
        read: &Read<T>,
        endpoint: &E,
        options: RefreshOptions,
        task: &TaskOf<T>,
    ) -> Option<Next<T>> {
        let done = |error: Error| Some(Next::Done(Err(error)));
        let (sent, refresh_token) = match self.prepare(key, read, endpoint).await {
            Ok(prepared) => prepared,
            Err(error) => return done(error),
        };
        let lease = match self.take_lease(key, read, options).await {
            Ok(lease) => lease?,
            Err(error) => return done(error),
        };
        if let Some(refused) = self.refused(key, &read.row.version, endpoint).await {
            self.release(key, &lease).await;
            return done(refused);
        }
        Some(self.refresh_under(key, read, &sent, &refresh_token, lease, endpoint, task).await)
    }

    /// Steps 4 to 9: what a lease was taken for.
    #[allow(clippy::too_many_arguments)] // what steps 1 to 3 have found
    async fn refresh_under<E: TokenEndpoint>(
        &self,
        key: &T::Key,
        read: &Read<T>,
        sent: &Credentials,
        refresh_token: &RefreshToken,
        lease: Lease,
        endpoint: &E,
        task: &TaskOf<T>,
    ) -> Next<T> {
        // 4. Just before sending.
        if self.registry.is_closed() {
            self.release(key, &lease).await;
            return Next::Done(Err(Error::Closed));
        }
        if !lease.has_room(&self.runtime, &self.config.limits) {
            self.tell(EventKind::LeaseLost, key, None, None);
            self.release(key, &lease).await;
            return Next::Again;
        }
        // 6. Ask the provider.
        let _hold = Hold::new(&self.observer);
        self.tell(EventKind::RefreshStart, key, None, None);
        let verdict = self.send(endpoint, refresh_token, task).await;
        let next = match verdict {
            Verdict::Granted(response) => {
                self.breakers.close(endpoint.login());
                let answer = Answer { sent, lease: &lease, response: &response };
                self.durations.remember(lease.clock.elapsed_monotonic(&self.runtime));
                let next = self.commit(key, read, answer, task).await;
                if matches!(next, Next::Done(Ok(_))) {
                    self.clients.remember(endpoint.client());
                    self.failures.forget_unproven();
                    self.table.note_refreshed(key, endpoint.client());
                }
                next
            }
            Verdict::InvalidGrant(refusal) => {
                self.invalid_grant(key, sent, &lease, endpoint, &refusal).await
            }
            failed => self.fail(key, read, endpoint, failed, &lease).await,
        };
        self.tell_outcome(key, &next, &lease);
        next
    }
}
