//! Both tokens of a row in the columns `access_token` and `refresh_token`: `tk1.` values, or plaintext from
//! before they were sealed.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::crypto::{Place, Sealing, unkeyed_fingerprint};
use crate::error::Result;
use crate::refresh::{Credentials, RowVersion, Sealed};
use crate::secret::{AccessToken, RefreshToken};
use crate::store::table::RowMapping;

pub(super) const ACCESS_TOKEN: &str = "access_token";
pub(super) const REFRESH_TOKEN: &str = "refresh_token";

/// How a store seals and opens them.
pub(super) struct SealedTokens {
    pub(super) store: &'static str,
    pub(super) sealing: Arc<Sealing>,
}

impl SealedTokens {
    /// The text to be stored in `column` of the row with this key.
    pub(super) fn sealed(&self, key: &[Option<&str>], column: &str, token: &str) -> Result<String> {
        let key = Self::key(key);
        self.sealing.seal(token, Place { store: self.store, column, key: &key })
    }

    /// The token that is stored in `column` of the row with this key.
    pub(super) fn opened(
        &self,
        key: &[Option<&str>],
        column: &str,
        stored: &str,
    ) -> Result<Zeroizing<String>> {
        let key = Self::key(key);
        self.sealing.open(stored, Place { store: self.store, column, key: &key })
    }

    /// The fingerprints of a text; without a key the unkeyed one.
    pub(super) fn fingerprints(&self, text: &str) -> Vec<String> {
        match self.sealing.ring() {
            Ok(ring) => ring.fingerprints().all(text),
            Err(_) => vec![unkeyed_fingerprint(text)],
        }
    }

    /// The parts of a key, as a place has them.
    fn key<'a>(parts: &[Option<&'a str>]) -> Vec<&'a str> {
        parts.iter().flatten().copied().collect()
    }

    pub(super) fn open(&self, key: &[Option<&str>], version: &RowVersion) -> Result<Credentials> {
        let open = |column, stored: &Option<Arc<str>>| match stored.as_deref() {
            Some(stored) => self.opened(key, column, stored),
            None => Ok(String::new().into()),
        };
        let mut access = open(ACCESS_TOKEN, &version.access)?;
        let mut refresh = open(REFRESH_TOKEN, &version.refresh)?;
        let has_refresh_token = !refresh.is_empty();
        Ok(Credentials {
            access_token: AccessToken::new(std::mem::take(&mut *access)),
            refresh_token: has_refresh_token
                .then(|| RefreshToken::new(std::mem::take(&mut *refresh))),
        })
    }

    pub(super) fn seal(&self, key: &[Option<&str>], credentials: &Credentials) -> Result<Sealed> {
        let refresh = credentials.refresh_token.as_ref().map_or("", RefreshToken::expose);
        let access = credentials.access_token.expose();
        Ok(Sealed {
            version: RowVersion {
                access: Some(self.sealed(key, ACCESS_TOKEN, access)?.into()),
                refresh: Some(self.sealed(key, REFRESH_TOKEN, refresh)?.into()),
            },
            key_version: self.sealing.sealing_version(),
        })
    }
}

/// A store that keeps its tokens in this way.
pub(super) trait SealedMapping: RowMapping {
    /// The columns of the key, in the order of [`RowMapping::key`].
    const KEY_COLUMNS: &'static [&'static str];
    /// The type of all of them, `text` or `uuid`.
    const KEY_TYPE: &'static str = "text";

    fn tokens(&self) -> &SealedTokens;
}

/// In an implementation of [`RowMapping`]: what its field `tokens` does.
macro_rules! by_sealed_tokens {
    () => {
        async fn open(
            &self,
            key: &Self::Key,
            row: &Row<Self::Record>,
        ) -> crate::error::Result<Credentials> {
            self.tokens.open(&Self::parts(key), &row.version)
        }

        fn check_seal(&self) -> crate::error::Result<()> {
            self.tokens.sealing.check()
        }

        async fn seal(
            &self,
            key: &Self::Key,
            credentials: &Credentials,
        ) -> crate::error::Result<Sealed> {
            self.tokens.seal(&Self::parts(key), credentials)
        }

        fn fingerprints(&self, text: &str) -> Vec<String> {
            self.tokens.fingerprints(text)
        }
    };
}
pub(super) use by_sealed_tokens;
