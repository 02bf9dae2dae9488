//! A table, a provider and a clock that tests control. Time is tokio's paused clock.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokenkeep::config::{LEFTOVER_AGE_MIN_MS, LEFTOVER_AGE_MS, Limits};
use tokenkeep::db::Timestamp;
use tokenkeep::error::{Error, Result};
use tokenkeep::oauth::{
    Expiry, Metadata, Refusal, RotationGrace, TokenEndpoint, TokenResponse, Verdict,
};
use tokenkeep::refresh::{
    Claimed, Commit, Committed, Credentials, Engine, LeaseRequest, RefreshConfig, RefreshOptions,
    Row, RowVersion, Runtime, Sealed, Silent, Table, Token, Tokio,
};
use tokenkeep::secret::{AccessToken, RefreshToken};
use tokio::time::Instant;

pub(crate) const USER: &str = "user";
const EPOCH: Timestamp = Timestamp::from_ms(1_800_000_000_000);

/// A step of the protocol in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Read,
    Lease,
    Commit,
    Release,
    MarkRevoked,
}

/// Whether a failing statement took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Before,
    After,
}

#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) refresh: String,
    pub(crate) access: String,
    pub(crate) expires_at: Timestamp,
    pub(crate) refreshing_at: Option<Timestamp>,
    pub(crate) updated_at: Timestamp,
}

impl Stored {
    pub(crate) fn refresh_token(&self) -> &str {
        plaintext(&self.refresh)
    }

    pub(crate) fn access_token(&self) -> &str {
        plaintext(&self.access)
    }
}

fn plaintext(sealed: &str) -> &str {
    sealed.split_once(':').expect("is sealed").1
}

type Hook = Box<dyn FnOnce(&World) + Send>;

/// The database.
pub(crate) struct World {
    origin: Instant,
    seals: AtomicU64,
    reads: AtomicU64,
    rows: Mutex<HashMap<String, Stored>>,
    faults: Mutex<HashMap<Step, VecDeque<Fault>>>,
    hooks: Mutex<HashMap<Step, VecDeque<Hook>>>,
    away_until: Mutex<Duration>,
}

impl World {
    /// A connected user whose token expired a minute ago.
    pub(crate) fn new() -> Arc<Self> {
        let world = Arc::new(Self {
            origin: Instant::now(),
            seals: AtomicU64::new(0),
            reads: AtomicU64::new(0),
            rows: Mutex::default(),
            faults: Mutex::default(),
            hooks: Mutex::default(),
            away_until: Mutex::default(),
        });
        world.connect("r0", "a0", -60);
        world
    }

    pub(crate) fn now(&self) -> Timestamp {
        EPOCH.plus(self.origin.elapsed())
    }

    /// The time so many seconds from now.
    pub(crate) fn at(&self, seconds: i64) -> Timestamp {
        let distance = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { self.now().minus(distance) } else { self.now().plus(distance) }
    }

    pub(crate) fn seal(&self, plaintext: &str) -> String {
        format!("{}:{plaintext}", self.seals.fetch_add(1, Ordering::SeqCst))
    }

    fn rows(&self) -> MutexGuard<'_, HashMap<String, Stored>> {
        self.rows.lock().expect("not poisoned")
    }

    /// The user connects, maybe again: overwrites everything.
    pub(crate) fn connect(&self, refresh_token: &str, access_token: &str, expires_in_s: i64) {
        let stored = Stored {
            refresh: self.seal(refresh_token),
            access: self.seal(access_token),
            expires_at: self.at(expires_in_s),
            refreshing_at: None,
            updated_at: self.now(),
        };
        self.rows().insert(USER.to_owned(), stored);
    }

    pub(crate) fn disconnect(&self) {
        self.rows().remove(USER);
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Stored)) {
        change(self.rows().get_mut(USER).expect("the row is there"));
    }

    /// Seals both texts again, as a key rotation does.
    pub(crate) fn reseal(&self) {
        self.change(|row| {
            row.refresh = self.seal(plaintext(&row.refresh.clone()));
            row.access = self.seal(plaintext(&row.access.clone()));
        });
    }

    pub(crate) fn row(&self) -> Option<Stored> {
        self.rows().get(USER).cloned()
    }

    /// The next statement of this step fails.
    pub(crate) fn fail(&self, step: Step, fault: Fault) {
        let mut faults = self.faults.lock().expect("not poisoned");
        faults.entry(step).or_default().push_back(fault);
    }

    /// Something happens just before the next statement of this step that has no hook yet.
    pub(crate) fn before(&self, step: Step, hook: impl FnOnce(&World) + Send + 'static) {
        let mut hooks = self.hooks.lock().expect("not poisoned");
        hooks.entry(step).or_default().push_back(Box::new(hook));
    }

    /// No statement reaches the database for so long from now.
    pub(crate) fn away_for(&self, duration: Duration) {
        *self.away_until.lock().expect("not poisoned") = self.origin.elapsed() + duration;
    }

    /// How often the row was read so far.
    pub(crate) fn reads(&self) -> u64 {
        self.reads.load(Ordering::SeqCst)
    }

    /// Runs one atomic statement of a millisecond, with the faults that the test has set.
    async fn statement<T>(&self, step: Step, work: impl FnOnce(&World) -> T) -> Result<T> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.reads.fetch_add(u64::from(step == Step::Read), Ordering::SeqCst);
        let hook = self.hooks.lock().expect("not poisoned").entry(step).or_default().pop_front();
        if let Some(hook) = hook {
            hook(self);
        }
        let failed = Error::Database {
            step: "test",
            sqlstate: None,
            constraint: None,
            silence: "",
            retryable: true,
        };
        if self.origin.elapsed() < *self.away_until.lock().expect("not poisoned") {
            return Err(failed);
        }
        let fault = self.faults.lock().expect("not poisoned").entry(step).or_default().pop_front();
        if fault == Some(Fault::Before) {
            return Err(failed);
        }
        let done = work(self);
        if fault == Some(Fault::After) { Err(failed) } else { Ok(done) }
    }
}

/// One process's view of the table.
pub(crate) struct MemoryTable {
    world: Arc<World>,
    limits: Limits,
    mixed_fleet: bool,
}

fn before(moment: Timestamp, ms: u64) -> Timestamp {
    moment.minus(Duration::from_millis(ms))
}

fn version_of(row: &Stored) -> RowVersion {
    RowVersion {
        refresh: Some(row.refresh.as_str().into()),
        access: Some(row.access.as_str().into()),
    }
}

impl Table for MemoryTable {
    type Key = String;
    type Record = ();

    fn store(&self) -> &'static str {
        "test"
    }

    fn describe(&self, key: &String) -> String {
        key.clone()
    }

    fn not_connected(&self, _: &String) -> Error {
        Error::NotConnected { store: "test", text: "not connected".into() }
    }

    async fn read(&self, key: &String) -> Result<Option<Arc<Row<()>>>> {
        Ok(self.read_for_commit(key).await?.map(Arc::new))
    }

    async fn open(&self, _: &String, row: &Row<()>) -> Result<Credentials> {
        let open = |text: &Option<Arc<str>>| plaintext(text.as_deref().unwrap_or(":")).to_owned();
        Ok(Credentials {
            access_token: AccessToken::new(open(&row.version.access)),
            refresh_token: Some(RefreshToken::new(open(&row.version.refresh))),
        })
    }

    async fn seal(&self, _: &String, credentials: &Credentials) -> Result<Sealed> {
        let refresh = credentials.refresh_token.as_ref().map_or("", RefreshToken::expose);
        Ok(Sealed {
            version: RowVersion {
                refresh: Some(self.world.seal(refresh).into()),
                access: Some(self.world.seal(credentials.access_token.expose()).into()),
            },
            key_version: 1,
        })
    }

    async fn take_lease(
        &self,
        key: &String,
        version: &RowVersion,
        request: LeaseRequest,
    ) -> Result<Option<Timestamp>> {
        let lease = Duration::from_millis(self.limits.lease_ms);
        self.world
            .statement(Step::Lease, |world| {
                let now = world.now();
                let mut rows = world.rows();
                let row = rows.get_mut(key).filter(|row| version_of(row) == *version)?;
                let stale = request
                    .unless_fresh_ms
                    .is_none_or(|ms| row.expires_at <= now.plus(Duration::from_millis(ms)));
                let free = row.refreshing_at.is_none_or(|at| {
                    let leftover =
                        self.mixed_fleet && at <= before(row.updated_at, LEFTOVER_AGE_MIN_MS);
                    Some(at) == request.watched || (leftover && at < now.minus(lease))
                });
                (stale && free).then(|| {
                    row.refreshing_at = Some(now);
                    now
                })
            })
            .await
    }

    async fn commit(
        &self,
        key: &String,
        version: &RowVersion,
        commit: Commit<'_>,
    ) -> Result<Option<Committed>> {
        self.world
            .statement(Step::Commit, |world| {
                let now = world.now();
                let mut rows = world.rows();
                let row = rows.get_mut(key).filter(|row| version_of(row) == *version)?;
                let lease = Duration::from_millis(self.limits.lease_ms);
                let late =
                    row.refreshing_at != Some(commit.lease) || commit.lease < now.minus(lease);
                let mut expires_at = commit.expires_at.expect("tokens here expire");
                if late && commit.rotated {
                    let buffer = Duration::from_millis(self.limits.fresh_ms);
                    expires_at = expires_at.min(now.plus(buffer));
                }
                let texts = commit.sealed.version.clone();
                *row = Stored {
                    refresh: texts.refresh?.as_ref().to_owned(),
                    access: texts.access?.as_ref().to_owned(),
                    expires_at,
                    refreshing_at: self.mixed_fleet.then(|| before(now, LEFTOVER_AGE_MS)),
                    updated_at: now,
                };
                Some(Committed { expires_at: Some(expires_at) })
            })
            .await
    }

    async fn read_for_commit(&self, key: &String) -> Result<Option<Row<()>>> {
        self.world
            .statement(Step::Read, |world| {
                world.rows().get(key).map(|row| Row {
                    version: version_of(row),
                    expires_at: Some(row.expires_at),
                    refreshing_at: row.refreshing_at,
                    updated_at: row.updated_at,
                    refreshed_at: None,
                    now: world.now(),
                    revoked: None,
                    record: Arc::new(()),
                })
            })
            .await
    }

    async fn release(
        &self,
        key: &String,
        lease: Timestamp,
        restore: Option<Timestamp>,
    ) -> Result<()> {
        self.world
            .statement(Step::Release, |world| {
                let mut rows = world.rows();
                if let Some(row) = rows.get_mut(key).filter(|row| row.refreshing_at == Some(lease))
                {
                    row.refreshing_at = restore;
                }
            })
            .await
    }

    async fn expire_early(&self, key: &String, version: &RowVersion) -> Result<()> {
        let buffer = Duration::from_millis(self.limits.fresh_ms);
        self.world
            .statement(Step::Commit, |world| {
                let limit = world.now().plus(buffer);
                let mut rows = world.rows();
                if let Some(row) = rows.get_mut(key).filter(|row| version_of(row) == *version) {
                    row.expires_at = row.expires_at.min(limit);
                }
            })
            .await
    }

    async fn mark_revoked(
        &self,
        key: &String,
        version: &RowVersion,
        lease: Timestamp,
        _: &Refusal,
    ) -> Result<bool> {
        self.world
            .statement(Step::MarkRevoked, |world| {
                let mut rows = world.rows();
                let ends = rows.get(key).is_some_and(|row| {
                    version_of(row) == *version && row.refreshing_at == Some(lease)
                });
                ends && rows.remove(key).is_some()
            })
            .await
    }
}

/// A token endpoint that rotates, detects reuse, and does what the script says.
pub(crate) struct Provider {
    pub(crate) rotates: bool,
    /// Whether reuse kills the family, or is only refused.
    pub(crate) reuse_kills: bool,
    grace: RotationGrace,
    ends_access_token: bool,
    state: Mutex<ProviderState>,
    script: Mutex<VecDeque<Answer>>,
}

#[derive(Default)]
struct ProviderState {
    current: String,
    /// The token before it, and when that was used.
    replaced: Option<(String, Instant)>,
    dead: bool,
    requests: Vec<String>,
}

/// What the provider does with one request.
pub(crate) enum Answer {
    /// The usual answer, after so many milliseconds.
    After(u64),
    /// The exchange takes place, and the answer is lost after so many milliseconds.
    LostAfter(u64),
    /// This answer after so many milliseconds. The token is not spent.
    Instead(u64, Verdict),
}

/// A provider that is unavailable.
pub(crate) fn unavailable() -> Answer {
    Answer::Instead(
        0,
        Verdict::Transient(
            Error::ProviderUnavailable { status: Some(503), reason: "test".into() },
            None,
        ),
    )
}

/// A provider that rejects the client.
pub(crate) fn rejected() -> Answer {
    Answer::Instead(
        0,
        Verdict::ClientRejected(Error::ClientRejected { error: "invalid_client".into() }),
    )
}

impl Provider {
    pub(crate) fn new(rotates: bool, reuse_kills: bool) -> Arc<Self> {
        Arc::new(Self {
            rotates,
            reuse_kills,
            grace: RotationGrace::None,
            ends_access_token: false,
            state: Mutex::new(ProviderState { current: "r0".into(), ..ProviderState::default() }),
            script: Mutex::default(),
        })
    }

    /// It rotates, and accepts a used refresh token for a while.
    pub(crate) fn with_grace(grace: RotationGrace) -> Arc<Self> {
        let mut provider = Self::new(true, true);
        Arc::get_mut(&mut provider).expect("is not shared").grace = grace;
        provider
    }

    /// A refresh invalidates the access token that was given before.
    pub(crate) fn that_ends_access_tokens(rotates: bool) -> Arc<Self> {
        let mut provider = Self::new(rotates, false);
        Arc::get_mut(&mut provider).expect("is not shared").ends_access_token = true;
        provider
    }

    pub(crate) fn script(&self, answer: Answer) {
        self.script.lock().expect("not poisoned").push_back(answer);
    }

    pub(crate) fn requests(&self) -> usize {
        self.state.lock().expect("not poisoned").requests.len()
    }

    /// The newest refresh token of the live family.
    pub(crate) fn current(&self) -> String {
        self.state.lock().expect("not poisoned").current.clone()
    }

    /// The user consents again.
    pub(crate) fn connect(&self, refresh_token: &str) {
        self.state.lock().expect("not poisoned").current = refresh_token.to_owned();
    }

    pub(crate) fn revoke(&self) {
        self.state.lock().expect("not poisoned").dead = true;
    }

    fn exchange(&self, token: &str) -> Verdict {
        let mut state = self.state.lock().expect("not poisoned");
        let is_in_grace = state.replaced.as_ref().is_some_and(|(replaced, used)| {
            replaced == token
                && match self.grace {
                    RotationGrace::None => false,
                    RotationGrace::For(grace) => used.elapsed() <= grace,
                    RotationGrace::UntilUsed => true,
                }
        });
        if state.dead || (self.rotates && state.current != token && !is_in_grace) {
            state.dead |= self.reuse_kills;
            return Verdict::InvalidGrant(Refusal::invalid_grant(Some(400)));
        }
        let number = state.requests.len();
        if self.rotates {
            if !is_in_grace {
                state.replaced = Some((token.to_owned(), Instant::now()));
            }
            state.current = format!("r{number}");
        }
        Verdict::Granted(TokenResponse {
            access_token: AccessToken::new(format!("a{number}")),
            refresh_token: self.rotates.then(|| RefreshToken::new(state.current.clone())),
            expiry: Expiry::In(Duration::from_secs(3_600)),
            api_domain: None,
            scopes: None,
            metadata: Metadata::default(),
        })
    }
}

impl TokenEndpoint for Provider {
    fn client(&self) -> Option<&str> {
        Some("client")
    }

    fn may_rotate(&self) -> bool {
        self.rotates
    }

    fn rotation_grace(&self) -> RotationGrace {
        self.grace
    }

    fn refresh_ends_access_token(&self) -> bool {
        self.ends_access_token
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    async fn refresh(&self, token: &RefreshToken, _: Duration, _: Duration) -> Verdict {
        self.state.lock().expect("not poisoned").requests.push(token.expose().to_owned());
        let answer = self.script.lock().expect("not poisoned").pop_front();
        match answer.unwrap_or(Answer::After(150)) {
            Answer::After(ms) => {
                let verdict = self.exchange(token.expose());
                tokio::time::sleep(Duration::from_millis(ms)).await;
                verdict
            }
            Answer::LostAfter(ms) => {
                self.exchange(token.expose());
                tokio::time::sleep(Duration::from_millis(ms)).await;
                Verdict::Ambiguous(Error::OutcomeUnknown { reason: "lost".into() })
            }
            Answer::Instead(ms, verdict) => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                verdict
            }
        }
    }
}

/// A runtime whose wall clock a test can move forward, as after a suspended machine.
#[derive(Clone)]
pub(crate) struct Machine {
    tokio: Tokio,
    suspended_ms: Arc<AtomicU64>,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self { tokio: Tokio::default(), suspended_ms: Arc::default() }
    }

    pub(crate) fn suspend_for(&self, duration: Duration) {
        let ms = u64::try_from(duration.as_millis()).expect("is short");
        self.suspended_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Runtime for Machine {
    fn monotonic(&self) -> Duration {
        self.tokio.monotonic()
    }

    fn wall(&self) -> Duration {
        self.monotonic() + Duration::from_millis(self.suspended_ms.load(Ordering::SeqCst))
    }

    fn random(&self) -> f64 {
        0.5
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(task);
    }
}

/// One process of tokenkeep.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) engine: Arc<Engine<MemoryTable, Machine>>,
    pub(crate) machine: Machine,
    provider: Arc<Provider>,
    limits: Limits,
}

impl Process {
    pub(crate) fn new(world: &Arc<World>, provider: &Arc<Provider>) -> Self {
        Self::with(world, provider, false)
    }

    pub(crate) fn with(world: &Arc<World>, provider: &Arc<Provider>, mixed_fleet: bool) -> Self {
        let limits = Limits::DEFAULT;
        let machine = Machine::new();
        let table = MemoryTable { world: Arc::clone(world), limits, mixed_fleet };
        let config = RefreshConfig { limits, mixed_fleet };
        let engine = Engine::new(table, machine.clone(), config, Arc::new(Silent));
        Self { engine: Arc::new(engine), machine, provider: Arc::clone(provider), limits }
    }

    pub(crate) fn options(&self) -> RefreshOptions {
        let Limits { fresh_ms, wait_ms, .. } = self.limits;
        RefreshOptions { fresh_ms, wait_ms, usable_at_once: false, force: false }
    }

    /// One call. Returns the access token.
    pub(crate) async fn call(&self) -> Result<String> {
        self.call_with(self.options()).await
    }

    pub(crate) async fn call_with(&self, options: RefreshOptions) -> Result<String> {
        let provider = Arc::clone(&self.provider);
        let token: Token<()> = self
            .engine
            .valid(USER.to_owned(), move |(): &()| Ok(provider.clone()), options)
            .await?;
        Ok(token.credentials.access_token.expose().to_owned())
    }

    /// One call with a forced refresh.
    pub(crate) async fn force(&self) -> Result<String> {
        self.call_with(RefreshOptions { force: true, ..self.options() }).await
    }

    /// Leases the row as `refreshExpiring` does, and refreshes it after so many seconds.
    pub(crate) async fn claim_and_refresh_after(&self, seconds: u64) -> Result<String> {
        let clock = self.engine.stopwatch();
        let table = self.engine.table();
        let row = table.read_for_commit(&USER.to_owned()).await?.expect("is there");
        let lease = table.world.now();
        table.world.change(|row| row.refreshing_at = Some(lease));
        pass(seconds).await;
        let claimed = Claimed { key: USER.to_owned(), row, lease, clock };
        let token = self.engine.refresh_claimed(claimed, Arc::clone(&self.provider)).await?;
        Ok(token.credentials.access_token.expose().to_owned())
    }

    /// A call in a task of its own.
    pub(crate) fn spawn_call(&self) -> tokio::task::JoinHandle<Result<String>> {
        self.spawn_call_with(self.options())
    }

    pub(crate) fn spawn_call_with(
        &self,
        options: RefreshOptions,
    ) -> tokio::task::JoinHandle<Result<String>> {
        let process = self.clone();
        tokio::spawn(async move { process.call_with(options).await })
    }
}

/// Lets so many seconds pass.
pub(crate) async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
