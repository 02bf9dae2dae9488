//! `rotate`, `seal`: stored values are sealed anew, batch by batch. JavaScript asks for each batch, so that it can
//! tell the progress and stop in between.

use std::sync::Arc;

use napi::bindgen_prelude::External;
use napi_derive::napi;
use tokio::sync::Mutex;

use super::instance::call;
use super::message::Value;
use super::record::record;
use crate::store::{About, PendingUse, Resealing, Work};

/// A run over the rows of a store.
#[napi]
pub type ResealingRun = External<OpenResealingRun>;

/// What JavaScript holds as [`ResealingRun`].
#[napi]
pub struct OpenResealingRun {
    store: String,
    work: Work,
    is_dry: bool,
    run: Arc<Mutex<Option<Resealing>>>,
}

/// A run that has not begun: `rotate` seals values of earlier keys with the first key; otherwise plaintext is sealed.
/// `is_dry`: nothing is written.
#[napi(catch_unwind)]
pub fn new_resealing_run(store: String, rotate: bool, is_dry: bool) -> ResealingRun {
    let work = if rotate { Work::Rotate } else { Work::Seal };
    External::new(OpenResealingRun { store, work, is_dry, run: Arc::default() })
}

/// Continues a run by one batch; the first call looks at keys and table only. Resolves to what it has done so far.
#[napi(catch_unwind)]
pub fn continue_resealing(instance: u32, id: u32, run: &ResealingRun) -> napi::Result<()> {
    let OpenResealingRun { work, is_dry, .. } = **run;
    let (store, run) = (run.store.clone(), Arc::clone(&run.run));
    call(instance, id, move |stores| async move {
        let can = |about: &About| work == Work::Rotate || about.sealed_key.is_some();
        let store = About::find(&store, can)?.name;
        let mut run = run.lock().await;
        let run = run.get_or_insert_with(|| Resealing::new(store, work, is_dry));
        stores?.all().reseal(run).await?;
        Ok(Value::record(Progress::of(run)))
    })
}

/// Which keys the connect links and pending authorizations need that still wait.
#[napi(catch_unwind)]
pub fn pending_by_key(instance: u32, id: u32) -> napi::Result<()> {
    call(instance, id, move |stores| async move {
        Ok(Value::record(PendingUses(stores?.pending.by_key().await?)))
    })
}

/// What a run has done so far.
pub(super) struct Progress {
    rows: u64,
    resealed: u64,
    plaintext: u64,
    unopened: u64,
    waiting: u64,
    unwritten: u64,
    total: f64,
    is_done: bool,
    has_table: bool,
    versions: Vec<String>,
    from: Vec<RowsOfKey>,
}

impl Progress {
    fn of(run: &Resealing) -> Self {
        let counts = run.counts();
        Self {
            rows: counts.rows,
            resealed: counts.resealed,
            plaintext: counts.plaintext,
            unopened: counts.unopened,
            waiting: counts.waiting,
            unwritten: counts.unwritten,
            total: run.total(),
            is_done: run.is_done(),
            has_table: run.has_table(),
            versions: run.versions().iter().map(ToString::to_string).collect(),
            from: counts.from.iter().map(|(version, rows)| (*version, *rows)).collect(),
        }
    }
}

/// The version of a key, and how many rows it has sealed.
pub(super) type RowsOfKey = (i32, u64);

/// What needs each key.
pub(super) struct PendingUses(Vec<PendingUse>);

record! {
    ResealingProgress(progress: Progress) {
        rows: progress.rows,
        resealed: progress.resealed,
        plaintext: progress.plaintext,
        unopened: progress.unopened,
        waiting: progress.waiting,
        unwritten: progress.unwritten,
        total: progress.total,
        isDone: progress.is_done,
        hasTable: progress.has_table,
    }
    nested {
        versions: progress.versions,
        from: progress.from,
    }
}

record! {
    RowsOfKey(of: RowsOfKey) {
        version: of.0,
        rows: of.1,
    }
}

record! {
    PendingUses(uses: PendingUses) {}
    nested {
        uses: uses.0,
    }
}

record! {
    PendingUse(pending: PendingUse) {
        version: pending.version,
        rows: pending.rows,
        expiresInMs: pending.expires_in_ms,
    }
}
