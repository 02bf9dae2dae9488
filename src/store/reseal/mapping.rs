//! What a store says about its sealed values.

use zeroize::Zeroizing;

use super::Work;
use crate::crypto::{Place, SealedBy, Writes, is_sealed, seal, sealed_by};
use crate::error::{Error, Result};
use crate::store::sealed_tokens::{ACCESS_TOKEN, REFRESH_TOKEN, SealedMapping, SealedTokens};
use crate::store::table::RowMapping;

/// The columns of a table with sealed values.
pub(in crate::store) struct SealedColumns {
    /// Those of a unique key, in the order of its index.
    pub(in crate::store) key: &'static [&'static str],
    /// The type of all of them, `text` or `uuid`.
    pub(in crate::store) key_type: &'static str,
    pub(in crate::store) values: &'static [&'static str],
    /// Names the key that has sealed the values of a row.
    pub(in crate::store) key_version: Option<&'static str>,
    /// How many rows a statement reads and writes.
    pub(in crate::store) rows_at_once: usize,
}

/// What becomes of a stored value that is not empty.
pub(in crate::store) enum Judged {
    /// Nothing is to be done.
    Stays,
    /// Plaintext, which is no work of this run.
    Plaintext,
    /// No key opens it.
    Unopened,
    /// It is sealed anew.
    Anew {
        /// The version of the key that had sealed it; `None`: it was plaintext.
        from: Option<i32>,
        token: Zeroizing<String>,
    },
}

impl From<SealedBy> for Judged {
    fn from(sealed_by: SealedBy) -> Self {
        match sealed_by {
            SealedBy::First => Self::Stays,
            SealedBy::Other { version, text } => Self::Anew { from: Some(version), token: text },
            SealedBy::Unknown => Self::Unopened,
        }
    }
}

/// The parts of a row's key, and the column of a value.
pub(in crate::store) type Where<'a> = (&'a [&'a str], &'static str);

/// A store whose values can be sealed anew.
pub(in crate::store) trait ResealedMapping: RowMapping {
    const COLUMNS: SealedColumns;

    /// The versions of the keys, beginning with the one that seals.
    ///
    /// # Errors
    /// [`Error::Configuration`] without a key, or if the work would be undone.
    fn begin(&self, work: Work) -> Result<Vec<i32>>;

    /// The version of the key that seals.
    ///
    /// # Errors
    /// [`Error::Configuration`] without a key.
    fn sealing_version(&self) -> Result<i32> {
        let versions = self.begin(Work::Rotate)?;
        versions.first().copied().ok_or_else(|| Error::internal("there is no key"))
    }

    fn judge(
        &self,
        work: Work,
        place: Where<'_>,
        stored: &str,
        key_version: Option<i32>,
    ) -> impl Future<Output = Result<Judged>> + Send;

    /// The text to be stored for a token.
    fn seal_anew(
        &self,
        place: Where<'_>,
        token: &str,
    ) -> impl Future<Output = Result<String>> + Send;
}

/// How many rows a statement reads and writes where a value is opened in microseconds.
pub(in crate::store) const ROWS_AT_ONCE: usize = 500;

impl<S: SealedMapping> ResealedMapping for S {
    const COLUMNS: SealedColumns = SealedColumns {
        key: S::KEY_COLUMNS,
        key_type: S::KEY_TYPE,
        values: &[ACCESS_TOKEN, REFRESH_TOKEN],
        key_version: None,
        rows_at_once: ROWS_AT_ONCE,
    };

    fn begin(&self, work: Work) -> Result<Vec<i32>> {
        let sealing = &self.tokens().sealing;
        if work == Work::Seal && sealing.writes() == Writes::Plaintext {
            return Err(Error::configuration(
                "TOKENKEEP_SEALING",
                "must not be off in any process of the application before values are sealed. Otherwise plaintext is written again",
            ));
        }
        sealing.ring().map(crate::crypto::KeyRing::versions)
    }

    async fn judge(
        &self,
        work: Work,
        place: Where<'_>,
        stored: &str,
        _: Option<i32>,
    ) -> Result<Judged> {
        let tokens = self.tokens();
        Ok(match (work, is_sealed(stored)) {
            (Work::Rotate, true) => {
                sealed_by(tokens.sealing.ring()?, stored, in_place(tokens, place)).into()
            }
            (Work::Rotate, false) => Judged::Plaintext,
            (Work::Seal, true) => Judged::Stays,
            (Work::Seal, false) => Judged::Anew { from: None, token: stored.to_owned().into() },
        })
    }

    async fn seal_anew(&self, place: Where<'_>, token: &str) -> Result<String> {
        let tokens = self.tokens();
        seal(tokens.sealing.ring()?, token, in_place(tokens, place))
    }
}

fn in_place<'a>(tokens: &SealedTokens, (key, column): Where<'a>) -> Place<'a> {
    Place { store: tokens.store, column, key }
}
