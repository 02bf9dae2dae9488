//! Direct connections that several writes share: each is sent without waiting for the answers to those before it.
//! One that meets a locked row gives up soon, since the others wait behind it, and is run again alone.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use tokio::sync::Notify;

use super::pool::Timeouts;
use super::pools::{Object, Pool};
use super::session::Session;
use crate::config::{SHARED_LOCK_MS, SHARED_STALL_MS, SHARED_WRITES_MAX, SHARES_MAX};
use crate::error::Result;

/// One write's use of a shared connection, which returns to its pool after the last.
pub(super) struct Share(Arc<Shared>);

struct Shared {
    /// `None` only while it is dropped.
    connection: Option<Object>,
    timeouts: Timeouts,
    waiting: AtomicUsize,
    /// How many writes have used it; limited, so that whoever waits for a connection gets one.
    uses: AtomicUsize,
    is_broken: AtomicBool,
    since: Instant,
    /// When the last write was answered, or sent to an idle server, in milliseconds after `since`.
    progress_ms: AtomicU64,
}

impl Share {
    /// The connection.
    pub(super) fn session(&self) -> Option<&Session> {
        self.0.connection.as_deref()
    }

    /// Takes the connection out of the pool, and no further writes.
    pub(super) fn discard(&self) {
        self.0.is_broken.store(true, Ordering::Relaxed);
    }

    fn of(shared: Arc<Shared>) -> Self {
        shared.uses.fetch_add(1, Ordering::Relaxed);
        if shared.waiting.fetch_add(1, Ordering::Relaxed) == 0 {
            shared.progress();
        }
        Self(shared)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        self.0.progress();
    }
}

impl Shared {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn progress(&self) {
        self.progress_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Whether it takes one more write. Not behind one that is slow.
    fn has_room(&self) -> bool {
        let waiting = self.waiting();
        let stalled_ms = self.now_ms().saturating_sub(self.progress_ms.load(Ordering::Relaxed));
        waiting == 0 || (waiting < SHARED_WRITES_MAX && stalled_ms < SHARED_STALL_MS)
    }

    fn is_open(&self, timeouts: Timeouts) -> bool {
        !self.is_broken.load(Ordering::Relaxed)
            && self.timeouts == timeouts
            && self.uses.load(Ordering::Relaxed) < SHARES_MAX
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && self.is_broken.load(Ordering::Relaxed)
        {
            drop(Object::take(connection));
        }
    }
}

#[derive(Default)]
struct State {
    open: Vec<Weak<Shared>>,
    /// How many are being taken from the pool.
    opening: usize,
}

/// The shared connections of a pool.
pub(super) struct SharedConnections {
    state: Mutex<State>,
    changed: Notify,
    max: usize,
}

impl SharedConnections {
    /// At most half of the pool's connections, so that reads find one.
    pub(super) fn of(max_connections: usize) -> Self {
        Self { state: Mutex::default(), changed: Notify::new(), max: max_connections.div_ceil(2) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A use of a connection; `None`: the write is to be run alone.
    pub(super) async fn share(
        &self,
        pool: &Pool,
        step: &'static str,
        timeouts: Timeouts,
    ) -> Result<Option<Share>> {
        let changed = self.changed.notified();
        let mut choice = self.choose(timeouts);
        if matches!(choice, Choice::Wait) {
            changed.await;
            // No second wait: the pool's limit is the caller's.
            choice = self.choose(timeouts);
        }
        match choice {
            Choice::Join(share) => Ok(Some(share)),
            Choice::Open => self.open(pool, step, timeouts).await,
            Choice::Alone | Choice::Wait => Ok(None),
        }
    }

    fn choose(&self, timeouts: Timeouts) -> Choice {
        let mut state = self.lock();
        let mut open: Vec<Arc<Shared>> = Vec::with_capacity(self.max);
        state.open.retain(|shared| match shared.upgrade() {
            Some(shared) => {
                open.push(shared);
                true
            }
            None => false,
        });
        open.retain(|shared| shared.is_open(timeouts));
        if open.len() + state.opening < self.max {
            state.opening += 1;
            return Choice::Open;
        }
        match open.into_iter().min_by_key(|shared| shared.waiting()) {
            Some(shared) if shared.has_room() => Choice::Join(Share::of(shared)),
            Some(_) => Choice::Alone,
            None => Choice::Wait,
        }
    }

    async fn open(
        &self,
        pool: &Pool,
        step: &'static str,
        timeouts: Timeouts,
    ) -> Result<Option<Share>> {
        let opening = Opening(self);
        let connection = pool.connection(step, timeouts).await?;
        if !connection.is_direct(&pool.direct) {
            return Ok(None);
        }
        let lock_ms = timeouts.lock_ms.min(SHARED_LOCK_MS);
        connection.use_timeouts(Timeouts { lock_ms, ..timeouts });
        let shared = Arc::new(Shared {
            connection: Some(connection),
            timeouts,
            waiting: AtomicUsize::new(0),
            uses: AtomicUsize::new(0),
            is_broken: AtomicBool::new(false),
            since: Instant::now(),
            progress_ms: AtomicU64::new(0),
        });
        let share = Share::of(Arc::clone(&shared));
        self.lock().open.push(Arc::downgrade(&shared));
        drop(opening);
        Ok(Some(share))
    }
}

enum Choice {
    Join(Share),
    Open,
    /// All have many writes, or a slow one.
    Alone,
    /// All are being opened.
    Wait,
}

/// One of the connections that are being taken, also if its caller is gone.
struct Opening<'a>(&'a SharedConnections);

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        self.0.lock().opening -= 1;
        self.0.changed.notify_waiters();
    }
}
