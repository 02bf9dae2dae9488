//! Seals stored values anew while the store is in use: those of earlier keys with the first key (`rotate`), or
//! plaintext for the first time (`seal`). No token changes, so a row stays what it is to everybody else:
//! `updated_at`, expiry and lease are left alone (docs/internals/refresh-protocol.md, Variants: other writers).

mod batch;
mod mapping;
mod statements;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub(super) use self::mapping::{Judged, ROWS_AT_ONCE, ResealedMapping, SealedColumns, Where};
use self::statements::Statements;
use super::sql::ms;
use super::table::TableView;
use crate::db::{RlsContext, Row};
use crate::error::{Error, Result};
use crate::refresh::{Runtime, Stopwatch, Tokio};

/// What is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Values that another key than the first has sealed.
    Rotate,
    /// Plaintext values.
    Seal,
}

/// What a run has found and done. Each row is counted once, when it is done with.
#[derive(Debug, Default)]
pub struct Counts {
    /// Rows that were read.
    pub rows: u64,
    /// Rows that were sealed anew; in a dry run those that would be.
    pub resealed: u64,
    /// The same rows by the versions of the keys that had sealed their values.
    pub from: BTreeMap<i32, u64>,
    /// Rows with a plaintext value that is left as it is.
    pub plaintext: u64,
    /// Rows with a value that no key opens, which is left as it is.
    pub unopened: u64,
    /// Rows that are tried again at the end: somebody refreshes, has locked or has changed them.
    pub waiting: u64,
    /// Rows that could not be written until the end.
    pub unwritten: u64,
}

/// A run over the rows of a store. [`Store::reseal`](super::Store::reseal) continues it; a run that has failed cannot
/// be continued, but the next one finds what it has left.
pub struct Resealing {
    /// The store's name.
    pub store: &'static str,
    work: Work,
    is_dry: bool,
    counts: Counts,
    stage: Stage,
    versions: Vec<i32>,
    total: f64,
    statements: Option<Arc<Statements>>,
    /// The key of the last row that was read.
    after: Option<Vec<String>>,
    /// The rows after it, if they have been read already.
    ahead: Option<Vec<Row>>,
    /// The keys of the rows that are tried again.
    rest: Vec<Vec<String>>,
    clock: Tokio,
}

/// How far a run is.
#[derive(Clone, Copy)]
enum Stage {
    New,
    /// It goes through the table.
    Rows,
    /// It tries the rest since then; so many tries in a row were in vain.
    Rest(Stopwatch, u32),
    Done {
        has_table: bool,
    },
}

/// The pause between two tries to write rows that others hold.
const PAUSE: Duration = Duration::from_millis(500);
/// After so many vain tries in a row, with no lease respected any more, the rest is given up.
const FRUITLESS_MAX: u32 = 10;

impl Resealing {
    /// A run that has not begun. In a dry run nothing is written.
    #[must_use]
    pub fn new(store: &'static str, work: Work, is_dry: bool) -> Self {
        Self {
            store,
            work,
            is_dry,
            counts: Counts::default(),
            stage: Stage::New,
            versions: Vec::new(),
            total: 0.0,
            statements: None,
            after: None,
            ahead: None,
            rest: Vec::new(),
            clock: Tokio::default(),
        }
    }

    /// What is sealed.
    #[must_use]
    pub fn work(&self) -> Work {
        self.work
    }

    /// What it has found and done.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The versions of the store's keys, beginning with the one that seals; empty before the run has begun.
    #[must_use]
    pub fn versions(&self) -> &[i32] {
        &self.versions
    }

    /// How many rows the table has, by the database's estimate; 0: it has none, or they cannot be known.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.total
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done { .. })
    }

    /// Whether the store's table exists.
    #[must_use]
    pub fn has_table(&self) -> bool {
        !matches!(self.stage, Stage::Done { has_table: false })
    }

    fn statements(&self) -> Result<Arc<Statements>> {
        self.statements.clone().ok_or_else(|| Error::internal("the run has not begun"))
    }

    /// Counts a row that is done with.
    fn settle(&mut self, outcome: &Outcome) {
        self.counts.plaintext += u64::from(outcome.has_plaintext);
        self.counts.unopened += u64::from(outcome.is_unopened);
        self.counts.resealed += u64::from(outcome.is_changed);
        for version in &outcome.from {
            *self.counts.from.entry(*version).or_default() += 1;
        }
    }

    /// What follows a look at the rest.
    fn proceed(&mut self, since: Stopwatch, fruitless: u32) {
        self.counts.waiting = self.rest.len() as u64;
        self.stage = match self.rest.is_empty() {
            true => Stage::Done { has_table: true },
            false => Stage::Rest(since, fruitless),
        };
    }
}

/// What a row is counted as.
#[derive(Default)]
struct Outcome {
    is_changed: bool,
    from: BTreeSet<i32>,
    has_plaintext: bool,
    is_unopened: bool,
}

impl<S: ResealedMapping> TableView<'_, S> {
    /// Continues a run by one batch of rows. The first call looks at keys and table only.
    pub(super) async fn reseal(&self, run: &mut Resealing) -> Result<()> {
        match run.stage {
            Stage::New => self.begin(run).await,
            Stage::Rows => self.next_rows(run).await,
            Stage::Rest(since, fruitless) => self.rest(run, since, fruitless).await,
            Stage::Done { .. } => Ok(()),
        }
    }

    async fn begin(&self, run: &mut Resealing) -> Result<()> {
        run.versions = self.mapping.begin(run.work)?;
        let statements = Statements::of(&**self);
        let (rls, step) = (RlsContext::default(), "look for the table");
        let found = self.database.read(&rls, step, &statements.table, &[], self.usual()).await?;
        let found = found.first().ok_or_else(|| Error::internal("the catalog gave no row"))?;
        run.stage = match S::column(found, 0)? {
            true => Stage::Rows,
            false => Stage::Done { has_table: false },
        };
        // How many rows are a tenant's is not known.
        run.total = if self.is_of_tenant() { 0.0 } else { S::column(found, 1)? };
        run.statements = Some(Arc::new(statements));
        Ok(())
    }

    /// One batch, while the next one is read.
    async fn next_rows(&self, run: &mut Resealing) -> Result<()> {
        let statements = run.statements()?;
        let lease_ms = Some(ms(self.lease_ms()));
        let rows = match run.ahead.take() {
            Some(rows) => rows,
            None => self.rows_after(&statements, lease_ms, run.after.as_deref()).await?,
        };
        run.counts.rows += rows.len() as u64;
        let found = self.judged(&rows, run).await?;
        if let Some(last) = found.last() {
            run.after = Some(last.key());
        }
        let is_last = rows.len() < S::COLUMNS.rows_at_once;
        let after = run.after.clone();
        let read = async {
            match is_last {
                true => Ok(Vec::new()),
                false => self.rows_after(&statements, lease_ms, after.as_deref()).await,
            }
        };
        let write = self.write_anew(&statements, lease_ms, &found, run.is_dry);
        let (unwritten, ahead) = futures_util::future::try_join(write, read).await?;
        let rest = found.iter().filter(|row| unwritten.contains(&row.key()));
        run.rest.extend(rest.map(batch::Found::key));
        for row in found.iter().filter(|row| !unwritten.contains(&row.key())) {
            run.settle(&row.outcome);
        }
        run.ahead = Some(ahead);
        run.counts.waiting = run.rest.len() as u64;
        if is_last {
            run.proceed(Stopwatch::start(&run.clock), 0);
        }
        Ok(())
    }

    /// Looks at the rest again. A lease ends in time: after that, whoever holds the row finds it sealed anew, and
    /// commits again (docs/internals/refresh-protocol.md, 7b).
    async fn rest(&self, run: &mut Resealing, since: Stopwatch, fruitless: u32) -> Result<()> {
        let statements = run.statements()?;
        let lease = Duration::from_millis(self.lease_ms());
        let is_respected = since.elapsed_monotonic(&run.clock) < lease;
        let lease_ms = is_respected.then(|| ms(self.lease_ms()));
        let keys = std::mem::take(&mut run.rest);
        for some in keys.chunks(S::COLUMNS.rows_at_once) {
            let rows = self.rows_of(&statements, lease_ms, some).await?;
            let found = self.judged(&rows, run).await?;
            let unwritten = self.write_anew(&statements, lease_ms, &found, run.is_dry).await?;
            for row in &found {
                match unwritten.contains(&row.key()) {
                    true => run.rest.push(row.key()),
                    false => run.settle(&row.outcome),
                }
            }
        }
        let fruitless = if run.rest.len() < keys.len() { 0 } else { fruitless + 1 };
        if fruitless >= FRUITLESS_MAX && !is_respected {
            run.counts.unwritten = std::mem::take(&mut run.rest).len() as u64;
        }
        run.proceed(since, fruitless);
        if !run.is_done() {
            run.clock.sleep(PAUSE).await;
        }
        Ok(())
    }
}
