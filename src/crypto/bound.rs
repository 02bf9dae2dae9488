//! The format `tk1.` of zoho, calendar and integration: a value can be opened only in the place for which it was
//! sealed.
//!
//! ```text
//! place  = len(store) store len(column) column len(part) part ...     len: 4 bytes, big endian
//! sealed = "tk1." key_version "." base64url(nonce tag ciphertext)     12 and 16 bytes; no padding
//! (ciphertext, tag) = AES-256-GCM[key](nonce, utf8(text), associated data = place)
//! ```

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::nonce::NONCE_BYTES;
use super::ring::{KeyRing, SealedBy, TAG_BYTES};
use super::text::text;
use crate::error::{Error, Result};

/// The prefix of every sealed value; a plaintext must not have it.
pub(super) const PREFIX: &str = "tk1.";

/// The place to which a value is bound.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The store's name.
    pub store: &'a str,
    /// The column's name.
    pub column: &'a str,
    /// The parts of the row's natural key.
    pub key: &'a [&'a str],
}

impl Place<'_> {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in [self.store, self.column].iter().chain(self.key) {
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

/// Whether a stored text is sealed; otherwise it is plaintext.
#[must_use]
pub fn is_sealed(stored: &str) -> bool {
    stored.starts_with(PREFIX)
}

/// Seals `plaintext` for `place` with the ring's first key.
///
/// # Errors
/// [`Error::Internal`] if the operating system provides no random bytes.
pub fn seal(ring: &KeyRing, plaintext: &str, place: Place<'_>) -> Result<String> {
    let mut buffer = Zeroizing::new(plaintext.as_bytes().to_vec());
    let (nonce, tag) = ring.seal(&mut buffer, &place.bytes())?;
    let bytes = [nonce.as_slice(), tag.as_slice(), buffer.as_slice()].concat();
    let mut sealed = format!("{PREFIX}{}.", ring.sealing_version());
    URL_SAFE_NO_PAD.encode_string(bytes, &mut sealed);
    Ok(sealed)
}

/// Opens a value that [`seal`] sealed for the same place.
///
/// # Errors
/// [`Error::Decryption`], the same for every cause, so that it reveals nothing.
pub fn open(ring: &KeyRing, sealed: &str, place: Place<'_>) -> Result<Zeroizing<String>> {
    let (named, encoded) = parts(sealed)?;
    open_encoded(ring, named, encoded, place).map(|(text, _)| text)
}

/// Which key has sealed a value for this place: found by opening it.
#[must_use]
pub fn sealed_by(ring: &KeyRing, sealed: &str, place: Place<'_>) -> SealedBy {
    let Ok((named, encoded)) = parts(sealed) else { return SealedBy::Unknown };
    ring.sealed_by(open_encoded(ring, named, encoded, place), Some(named))
}

/// The version that a value names, and what follows it.
fn parts(sealed: &str) -> Result<(i32, &str)> {
    let rest = sealed.strip_prefix(PREFIX).ok_or(Error::Decryption)?;
    let (version, encoded) = rest.split_once('.').ok_or(Error::Decryption)?;
    Ok((version.parse::<i32>().map_err(|_| Error::Decryption)?, encoded))
}

/// The text, and the version of the key that has opened it.
fn open_encoded(
    ring: &KeyRing,
    version: i32,
    encoded: &str,
    place: Place<'_>,
) -> Result<(Zeroizing<String>, i32)> {
    let malformed = || Error::Decryption;
    let decoded = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| malformed())?;
    let mut bytes = Zeroizing::new(decoded);
    let (&mut nonce, rest) = bytes.split_first_chunk_mut().ok_or_else(malformed)?;
    let (&mut tag, ciphertext) = rest.split_first_chunk_mut().ok_or_else(malformed)?;
    let opened = ring.open((nonce, tag), ciphertext, &place.bytes(), Some(version))?;
    bytes.drain(..NONCE_BYTES + TAG_BYTES);
    Ok((text(bytes)?, opened))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "7:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    const PLACE: Place<'_> =
        Place { store: "zoho", column: "access_token", key: &["client", "zoho_crm"] };

    fn ring() -> KeyRing {
        KeyRing::parse("TOKENKEEP_KEY", KEY).expect("parses")
    }

    #[test]
    fn every_text_round_trips_in_its_place() {
        for plaintext in ["", "1000.abc", "Grüße, 世界 🗝", &"x".repeat(64 * 1024)] {
            let sealed = seal(&ring(), plaintext, PLACE).expect("seals");
            assert!(sealed.starts_with("tk1.7.") && is_sealed(&sealed));
            assert_eq!(*open(&ring(), &sealed, PLACE).expect("opens"), plaintext);
        }
    }

    #[test]
    fn which_key_has_sealed_a_value_is_told_by_what_opens_it_whatever_number_it_names() {
        const OTHER: &str = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";
        let (_, hex) = KEY.split_once(':').expect("has a version");
        let ring = |text: &str| KeyRing::parse("TOKENKEEP_KEY", text).expect("parses");
        let sealed = seal(&ring(hex), "1000.abc", PLACE).expect("seals");
        let by = |text: &str| match sealed_by(&ring(text), &sealed, PLACE) {
            SealedBy::First => Some(0),
            SealedBy::Other { version, text } => {
                assert_eq!(*text, "1000.abc");
                Some(version)
            }
            SealedBy::Unknown => None,
        };
        assert_eq!(by(&format!("1:{hex},2:{OTHER}")), Some(0));
        assert_eq!(by(&format!("2:{OTHER},1:{hex}")), Some(1));
        assert_eq!(by(&format!("1:{OTHER},2:{hex}")), Some(2), "two keys were 1");
        assert_eq!(by(&format!("2:{hex},1:{OTHER}")), Some(2), "the first key was 1");
        assert_eq!(by(OTHER), None);
        let elsewhere = Place { store: "calendar", ..PLACE };
        assert!(matches!(sealed_by(&ring(hex), &sealed, elsewhere), SealedBy::Unknown));
        assert!(matches!(sealed_by(&ring(hex), "tk1.x", PLACE), SealedBy::Unknown));
    }

    #[test]
    fn a_value_that_was_copied_elsewhere_does_not_open() {
        let sealed = seal(&ring(), "1000.abc", PLACE).expect("seals");
        let elsewhere = [
            Place { store: "calendar", ..PLACE },
            Place { column: "refresh_token", ..PLACE },
            Place { key: &["client", "zoho_calendar"], ..PLACE },
            Place { key: &["client"], ..PLACE },
            Place { key: &["clientz", "oho_crm"], ..PLACE },
            Place { store: "zohoa", column: "ccess_token", ..PLACE },
        ];
        for place in elsewhere {
            assert_eq!(open(&ring(), &sealed, place), Err(Error::Decryption), "{place:?}");
        }
    }

    #[test]
    fn every_change_of_a_single_byte_is_refused() {
        let sealed = seal(&ring(), "1000.abc", PLACE).expect("seals");
        for index in 0..sealed.len() {
            for replacement in *b"0.Az-_=\x7f" {
                let mut bytes = sealed.clone().into_bytes();
                // The version is only a hint: all keys are tried.
                if bytes[index] == replacement || index == PREFIX.len() {
                    continue;
                }
                bytes[index] = replacement;
                let altered = String::from_utf8(bytes).expect("is ASCII");
                assert_eq!(open(&ring(), &altered, PLACE), Err(Error::Decryption), "byte {index}");
            }
        }
    }
}
