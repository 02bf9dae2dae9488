//! One batch of rows: read, judged, written.

use std::borrow::Cow;
use std::collections::HashSet;

use futures_util::future::try_join_all;

use super::mapping::{Judged, ResealedMapping, SealedColumns};
use super::statements::Statements;
use super::{Outcome, Resealing, Work};
use crate::db::{Row, ToSql, Type};
use crate::error::Result;
use crate::store::table::TableView;

/// A row, judged.
pub(super) struct Found<'r> {
    key: Vec<&'r str>,
    /// The stored texts.
    old: Vec<Option<&'r str>>,
    /// The texts that replace them; the same where nothing is to be done, and in a dry run.
    new: Vec<Option<Cow<'r, str>>>,
    is_leased: bool,
    pub(super) outcome: Outcome,
}

impl Found<'_> {
    pub(super) fn key(&self) -> Vec<String> {
        self.key.iter().map(|part| (*part).to_owned()).collect()
    }
}

const READ: &str = "read sealed tokens";

impl<S: ResealedMapping> TableView<'_, S> {
    /// The next batch of rows after a key, in the order of keys; `None`: the first one.
    pub(super) async fn rows_after(
        &self,
        statements: &Statements,
        lease_ms: Option<f64>,
        after: Option<&[String]>,
    ) -> Result<Vec<Row>> {
        match after {
            None => self.read_rows(READ, &statements.first, &[(&lease_ms, Type::FLOAT8)]).await,
            Some(key) => {
                let params = [(&lease_ms as _, Type::FLOAT8), (&key as _, Type::TEXT_ARRAY)];
                self.read_rows(READ, &statements.next, &params).await
            }
        }
    }

    /// The rows of these keys that still exist.
    pub(super) async fn rows_of(
        &self,
        statements: &Statements,
        lease_ms: Option<f64>,
        keys: &[Vec<String>],
    ) -> Result<Vec<Row>> {
        let part = |index: usize| keys.iter().map(|key| key[index].as_str()).collect::<Vec<_>>();
        let parts: Vec<_> = (0..S::COLUMNS.key.len()).map(part).collect();
        self.read_rows(READ, &statements.again, &with_arrays(&lease_ms, &parts)).await
    }

    /// What becomes of each row.
    pub(super) async fn judged<'r>(
        &self,
        rows: &'r [Row],
        run: &Resealing,
    ) -> Result<Vec<Found<'r>>> {
        let (work, is_dry) = (run.work, run.is_dry);
        let each: Vec<_> = rows.iter().map(|row| self.judged_one(row, work, is_dry)).collect();
        try_join_all(each).await
    }

    async fn judged_one<'r>(&self, row: &'r Row, work: Work, is_dry: bool) -> Result<Found<'r>> {
        let SealedColumns { key, values, .. } = S::COLUMNS;
        let parts = key.iter().enumerate().map(|(index, _)| S::column(row, index));
        let parts: Vec<&str> = parts.collect::<Result<_>>()?;
        let end = key.len() + values.len();
        let (key_version, is_leased) = (S::column(row, end)?, S::column(row, end + 1)?);
        let (mut old, mut new, mut outcome) = (Vec::new(), Vec::new(), Outcome::default());
        for (index, column) in values.iter().enumerate() {
            let stored: Option<&str> = S::column(row, key.len() + index)?;
            old.push(stored);
            let mut text = stored.map(Cow::Borrowed);
            if let Some(stored) = stored.filter(|stored| !stored.is_empty()) {
                match self.mapping.judge(work, (&parts, column), stored, key_version).await? {
                    Judged::Stays => {}
                    Judged::Plaintext => outcome.has_plaintext = true,
                    Judged::Unopened => outcome.is_unopened = true,
                    Judged::Anew { from, token } => {
                        outcome.is_changed = true;
                        outcome.from.extend(from);
                        if !is_dry {
                            let sealed = self.mapping.seal_anew((&parts, column), &token).await?;
                            text = Some(Cow::Owned(sealed));
                        }
                    }
                }
            }
            new.push(text);
        }
        Ok(Found { key: parts, old, new, is_leased, outcome })
    }

    /// Writes the rows that change and have no live lease. Returns the keys of those that must be written and were
    /// not.
    pub(super) async fn write_anew(
        &self,
        statements: &Statements,
        lease_ms: Option<f64>,
        found: &[Found<'_>],
        is_dry: bool,
    ) -> Result<HashSet<Vec<String>>> {
        let changed = found.iter().filter(|row| row.outcome.is_changed && !is_dry);
        let mut unwritten: HashSet<_> = changed.clone().map(Found::key).collect();
        let free: Vec<_> = changed.filter(|row| !row.is_leased).collect();
        if free.is_empty() {
            return Ok(unwritten);
        }
        let SealedColumns { key, values, key_version, .. } = S::COLUMNS;
        let of_key = |index| free.iter().map(|row| Some(row.key[index])).collect::<Vec<_>>();
        let of_old = |index: usize| free.iter().map(|row| row.old[index]).collect();
        let of_new = |index: usize| free.iter().map(|row| row.new[index].as_deref()).collect();
        let mut arrays: Vec<Vec<Option<&str>>> = (0..key.len()).map(of_key).collect();
        arrays.extend((0..values.len()).map(of_old));
        arrays.extend((0..values.len()).map(of_new));
        let mut params = with_arrays(&lease_ms, &arrays);
        let version = self.mapping.sealing_version()?;
        if key_version.is_some() {
            params.push((&version, Type::INT4));
        }
        for row in &self.write("seal tokens anew", &statements.write, &params).await? {
            let parts = (0..key.len()).map(|index| S::column(row, index));
            unwritten.remove(&parts.collect::<Result<Vec<String>>>()?);
        }
        Ok(unwritten)
    }
}

/// The age of a live lease, then arrays of texts.
fn with_arrays<'a, T: ToSql + Sync>(
    lease_ms: &'a Option<f64>,
    arrays: &'a [Vec<T>],
) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    let arrays = arrays.iter().map(|texts| (texts as _, Type::TEXT_ARRAY));
    std::iter::once((lease_ms as _, Type::FLOAT8)).chain(arrays).collect()
}
