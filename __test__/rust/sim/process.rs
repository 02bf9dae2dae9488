//! A simulated process: it may be paused, it may crash, and it has clocks of its own.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

const HOUR_US: i64 = 3_600_000_000;
/// A wall clock starts far from 1970, so that an hour back is still a time.
const WALL_EPOCH_US: i64 = 1_800_000_000_000_000;

pub(crate) struct Process {
    pub(crate) id: usize,
    pub(crate) name: String,
    /// An old TypeScript instance.
    pub(crate) is_old: bool,
    crashed: AtomicBool,
    paused_until_us: AtomicU64,
    paused_us: AtomicU64,
    /// What its monotonic clock has missed.
    frozen_us: AtomicU64,
    wall_offset_us: AtomicI64,
    /// Until then it lacks the key that rows may be sealed with.
    lacks_key_until_us: AtomicU64,
}

impl Process {
    pub(crate) fn new(id: usize, name: String, is_old: bool, skew_hours: i64) -> Self {
        Self {
            id,
            name,
            is_old,
            crashed: AtomicBool::new(false),
            paused_until_us: AtomicU64::new(0),
            paused_us: AtomicU64::new(0),
            frozen_us: AtomicU64::new(0),
            wall_offset_us: AtomicI64::new(skew_hours * HOUR_US),
            lacks_key_until_us: AtomicU64::new(0),
        }
    }

    pub(crate) fn crash(&self) {
        self.crashed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_crashed(&self) -> bool {
        self.crashed.load(Ordering::Relaxed)
    }

    /// Stops it for a while; a suspended machine stops the monotonic clock, too.
    pub(crate) fn pause(&self, now_us: u64, for_us: u64, stops_clock: bool) {
        if self.is_paused(now_us) {
            return;
        }
        self.paused_until_us.store(now_us + for_us, Ordering::Relaxed);
        self.paused_us.fetch_add(for_us, Ordering::Relaxed);
        if stops_clock {
            self.frozen_us.fetch_add(for_us, Ordering::Relaxed);
        }
    }

    pub(crate) fn is_paused(&self, now_us: u64) -> bool {
        now_us < self.paused_until_us()
    }

    pub(crate) fn paused_until_us(&self) -> u64 {
        self.paused_until_us.load(Ordering::Relaxed)
    }

    /// All its pauses so far, the present one included.
    pub(crate) fn paused_us(&self) -> u64 {
        self.paused_us.load(Ordering::Relaxed)
    }

    pub(crate) fn lacks_key_until(&self, us: u64) {
        self.lacks_key_until_us.store(us, Ordering::Relaxed);
    }

    pub(crate) fn lacks_key(&self, now_us: u64) -> bool {
        now_us < self.lacks_key_until_us.load(Ordering::Relaxed)
    }

    pub(crate) fn has_lacked_key(&self) -> bool {
        self.lacks_key_until_us.load(Ordering::Relaxed) > 0
    }

    /// Somebody sets its wall clock.
    pub(crate) fn set_wall_clock(&self, hours: i64) {
        self.wall_offset_us.fetch_add(hours * HOUR_US, Ordering::Relaxed);
    }

    pub(crate) fn monotonic_us(&self, now_us: u64) -> u64 {
        now_us.saturating_sub(self.frozen_us.load(Ordering::Relaxed))
    }

    pub(crate) fn wall(&self, now_us: u64) -> Duration {
        let now_us = i64::try_from(now_us).expect("a schedule ends");
        let us = WALL_EPOCH_US + now_us + self.wall_offset_us.load(Ordering::Relaxed);
        Duration::from_micros(u64::try_from(us).expect("is after 1970"))
    }
}
