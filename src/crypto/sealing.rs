//! Sealing of columns that may also contain plaintext: those of zoho, calendar and integration.

use zeroize::Zeroizing;

use super::bound::{self, Place};
use super::ring::KeyRing;
use crate::error::{Error, Result};

/// What is written (`TOKENKEEP_SEALING`). Both are read in either mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Writes {
    /// `on`: sealed values.
    #[default]
    Sealed,
    /// `off`: plaintext, for the first step of a roll-out and for the way back.
    Plaintext,
}

/// Seals and opens the values of columns.
#[derive(Debug)]
pub struct Sealing {
    ring: Result<KeyRing>,
    writes: Writes,
    requires_sealed: bool,
}

impl Sealing {
    /// An error in `ring` is returned only when a value is sealed or opened.
    #[must_use]
    pub fn new(ring: Result<KeyRing>, writes: Writes, requires_sealed: bool) -> Self {
        Self { ring, writes, requires_sealed }
    }

    /// What is written.
    #[must_use]
    pub fn writes(&self) -> Writes {
        self.writes
    }

    /// The keys.
    ///
    /// # Errors
    /// [`Error::Configuration`] if there are none.
    pub fn ring(&self) -> Result<&KeyRing> {
        self.ring.as_ref().map_err(Clone::clone)
    }

    /// The version of the sealing key; 0 if plaintext is written.
    #[must_use]
    pub fn sealing_version(&self) -> i32 {
        match (self.writes, &self.ring) {
            (Writes::Sealed, Ok(ring)) => ring.sealing_version(),
            _ => 0,
        }
    }

    /// Checks that values can be written.
    ///
    /// # Errors
    /// [`Error::Configuration`] without a key.
    pub fn check(&self) -> Result<()> {
        match self.writes {
            Writes::Sealed => self.ring().map(drop),
            Writes::Plaintext => Ok(()),
        }
    }

    /// The value to store for `text`.
    ///
    /// # Errors
    /// [`Error::Configuration`] without a key; [`Error::InvalidArgument`] for a plaintext that looks like a
    /// sealed value.
    pub fn seal(&self, text: &str, place: Place<'_>) -> Result<String> {
        match self.writes {
            Writes::Sealed => bound::seal(self.ring()?, text, place),
            Writes::Plaintext if bound::is_sealed(text) => Err(Error::invalid(
                "token",
                "must not begin with tk1., the prefix of sealed values",
            )),
            Writes::Plaintext => Ok(text.to_owned()),
        }
    }

    /// The text of a stored value.
    ///
    /// # Errors
    /// [`Error::Decryption`] if a sealed value cannot be opened, [`Error::NotSealed`] for plaintext with
    /// `requireSealed`, [`Error::Configuration`] without a key.
    pub fn open(&self, stored: &str, place: Place<'_>) -> Result<Zeroizing<String>> {
        if bound::is_sealed(stored) {
            return bound::open(self.ring()?, stored, place);
        }
        if self.requires_sealed && !stored.is_empty() {
            return Err(Error::NotSealed);
        }
        Ok(Zeroizing::new(stored.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    const PLACE: Place<'_> = Place { store: "zoho", column: "access_token", key: &["c", "p"] };

    fn sealing(writes: Writes, requires_sealed: bool) -> Sealing {
        Sealing::new(KeyRing::parse("TOKENKEEP_KEY", KEY), writes, requires_sealed)
    }

    #[test]
    fn both_kinds_are_read_whatever_is_written() {
        let sealed = sealing(Writes::Sealed, false).seal("1000.a", PLACE).expect("seals");
        let plain = sealing(Writes::Plaintext, false).seal("1000.a", PLACE).expect("stays");
        assert_eq!(plain, "1000.a");
        for writes in [Writes::Sealed, Writes::Plaintext] {
            for stored in [&sealed, &plain] {
                assert_eq!(*sealing(writes, false).open(stored, PLACE).expect("opens"), "1000.a");
            }
        }
        assert_eq!(sealing(Writes::Sealed, true).open(&plain, PLACE), Err(Error::NotSealed));
        assert!(sealing(Writes::Sealed, true).open(&sealed, PLACE).is_ok());
    }

    #[test]
    fn a_plaintext_that_looks_sealed_is_never_written() {
        let refused = sealing(Writes::Plaintext, false).seal("tk1.1.AAAA", PLACE);
        assert!(matches!(refused, Err(Error::InvalidArgument { .. })));
    }

    #[test]
    fn without_a_key_plaintext_can_be_read_and_written_and_nothing_else() {
        let missing = || Err(Error::configuration("TOKENKEEP_KEY", "is not set"));
        let keyless = Sealing::new(missing(), Writes::Plaintext, false);
        assert_eq!(keyless.seal("1000.a", PLACE).as_deref(), Ok("1000.a"));
        assert_eq!(*keyless.open("1000.a", PLACE).expect("is plaintext"), "1000.a");
        assert!(matches!(keyless.open("tk1.1.AA", PLACE), Err(Error::Configuration { .. })));
        let wanted = Sealing::new(missing(), Writes::Sealed, false);
        assert!(matches!(wanted.seal("1000.a", PLACE), Err(Error::Configuration { .. })));
        assert!(keyless.check().is_ok() && wanted.check().is_err());
    }
}
