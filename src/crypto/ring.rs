//! A key ring: versioned AES-256-GCM keys, of which the first seals and all open.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit};
use zeroize::Zeroizing;

use super::fingerprint::Fingerprints;
use super::nonce::{NONCE_BYTES, nonce};
use super::signature::Signatures;
use crate::error::{Error, Result};

/// Which key of several has sealed a stored value.
pub enum SealedBy {
    /// The first, which seals now.
    First,
    /// The key of this version, or the first one under the number of another. `text` is what it has sealed.
    Other {
        /// The version; for the vault, the position of the secret.
        version: i32,
        /// The opened value.
        text: Zeroizing<String>,
    },
    /// None of them.
    Unknown,
}

/// The length of an authentication tag.
pub(super) const TAG_BYTES: usize = 16;
const KEY_BYTES: usize = 32;

/// Keys by version. They are wiped on drop.
pub struct KeyRing {
    keys: Vec<(i32, Aes256Gcm)>,
    fingerprints: Fingerprints,
    signatures: Signatures,
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyRing({} keys, redacted)", self.keys.len())
    }
}

impl KeyRing {
    /// Parses `<64 hex>` (version 1), or one or more `version:<64 hex>`, separated by commas. `option` is the
    /// variable's name, for the error.
    ///
    /// # Errors
    /// [`Error::Configuration`] with the number of the invalid entry, never with a key.
    pub fn parse(option: &'static str, text: &str) -> Result<Self> {
        let mut keys: Vec<(i32, Aes256Gcm)> = Vec::new();
        let (mut fingerprints, mut signatures) = (Fingerprints::new(), Signatures::new());
        for (index, entry) in text.split(',').enumerate() {
            let refused = |reason: &str| {
                Error::configuration(
                    option,
                    format!(
                        "key {} {reason}. Correct it: a new key cannot open values that an older one sealed",
                        index + 1
                    ),
                )
            };
            let (version, hex) = match entry.trim().split_once(':') {
                Some((version, hex)) => {
                    let version = version.trim().parse::<i32>().ok().filter(|v| *v > 0);
                    (version.ok_or_else(|| refused("has no positive version number"))?, hex.trim())
                }
                None if text.contains(',') => {
                    return Err(refused(
                        "must be written as version:hex, as there are several keys",
                    ));
                }
                None => (1, entry.trim()),
            };
            let mut key = Zeroizing::new([0_u8; KEY_BYTES]);
            if hex.len() != KEY_BYTES * 2
                || faster_hex::hex_decode(hex.as_bytes(), key.as_mut_slice()).is_err()
            {
                return Err(refused("must be 64 hexadecimal characters (32 bytes)"));
            }
            if keys.iter().any(|(known, _)| *known == version) {
                return Err(refused("has the same version as another key"));
            }
            let cipher = Aes256Gcm::new_from_slice(key.as_slice())
                .map_err(|_| Error::internal("a 32 byte key was refused"))?;
            keys.push((version, cipher));
            fingerprints.add(version, &key);
            signatures.add(version, &key);
        }
        Ok(Self { keys, fingerprints, signatures })
    }

    /// The version of the sealing key.
    #[must_use]
    pub fn sealing_version(&self) -> i32 {
        self.keys[0].0
    }

    /// The versions of all keys, beginning with the key that seals.
    #[must_use]
    pub fn versions(&self) -> Vec<i32> {
        self.keys.iter().map(|(version, _)| *version).collect()
    }

    /// Whose value it is that the key of version `opened` has opened and that names the version `named`. The number
    /// alone says nothing: an earlier key may have had the same.
    pub(super) fn sealed_by(
        &self,
        opened: Result<(Zeroizing<String>, i32)>,
        named: Option<i32>,
    ) -> SealedBy {
        let first = self.sealing_version();
        match opened {
            Ok((_, version)) if version == first && named == Some(first) => SealedBy::First,
            Ok((text, version)) => SealedBy::Other { version, text },
            Err(_) => SealedBy::Unknown,
        }
    }

    /// The fingerprints under these keys.
    #[must_use]
    pub fn fingerprints(&self) -> &Fingerprints {
        &self.fingerprints
    }

    /// The signatures under these keys.
    #[must_use]
    pub fn signatures(&self) -> &Signatures {
        &self.signatures
    }

    /// `AES-256-GCM[first key](nonce, plaintext, associated data)`, in place; returns nonce and tag. The nonce is
    /// random: with 2^32 values per key, the probability of a repetition is less than 2^-32.
    pub(super) fn seal(
        &self,
        buffer: &mut [u8],
        associated: &[u8],
    ) -> Result<([u8; NONCE_BYTES], [u8; TAG_BYTES])> {
        seal_with(&self.keys[0].1, buffer, associated)
    }

    /// Opens `buffer` in place, with the key of version `hint` first, then with the others. Returns the version of
    /// the key that has opened it.
    ///
    /// # Errors
    /// [`Error::Decryption`], for every cause.
    pub(super) fn open(
        &self,
        (nonce, tag): ([u8; NONCE_BYTES], [u8; TAG_BYTES]),
        buffer: &mut [u8],
        associated: &[u8],
        hint: Option<i32>,
    ) -> Result<i32> {
        let hinted = self.keys.iter().filter(|(version, _)| Some(*version) == hint);
        let others = self.keys.iter().filter(|(version, _)| Some(*version) != hint);
        for (version, cipher) in hinted.chain(others) {
            if open_with(cipher, (nonce, tag), buffer, associated).is_ok() {
                return Ok(*version);
            }
        }
        Err(Error::Decryption)
    }
}

/// Seals `buffer` in place with a new random nonce; returns nonce and tag.
pub(super) fn seal_with(
    cipher: &Aes256Gcm,
    buffer: &mut [u8],
    associated: &[u8],
) -> Result<([u8; NONCE_BYTES], [u8; TAG_BYTES])> {
    let nonce = nonce()?;
    let tag = cipher
        .encrypt_inout_detached(&nonce.into(), associated, buffer.into())
        .map_err(|_| Error::internal("the plaintext is too long to be sealed"))?;
    Ok((nonce, tag.into()))
}

/// Opens `buffer` in place. The tag is checked first, so a wrong key does not change the buffer.
pub(super) fn open_with(
    cipher: &Aes256Gcm,
    (nonce, tag): ([u8; NONCE_BYTES], [u8; TAG_BYTES]),
    buffer: &mut [u8],
    associated: &[u8],
) -> Result<()> {
    cipher
        .decrypt_inout_detached(&nonce.into(), associated, buffer.into(), &tag.into())
        .map_err(|_| Error::Decryption)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    const B: &str = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

    #[test]
    fn a_ring_that_cannot_be_right_is_refused_without_printing_it() {
        let short = &A[..62];
        let cases = [
            String::new(),
            short.to_owned(),
            format!("{short}zz"),
            format!("0:{A}"),
            format!("-1:{A}"),
            format!("one:{A}"),
            format!("{A},{B}"),
            format!("1:{A},1:{B}"),
            format!("1:{A},"),
        ];
        for text in cases {
            let error = KeyRing::parse("GMAIL_ENCRYPTION_KEY", &text).expect_err("is refused");
            let printed = format!("{error} {error:?}");
            assert!(printed.contains("GMAIL_ENCRYPTION_KEY"));
            assert!(!printed.contains("00112233") && !printed.contains("ffeeddcc"), "{printed}");
        }
    }

    #[test]
    fn the_first_key_seals_and_every_key_opens_whatever_the_hint_says() {
        let old = KeyRing::parse("K", A).expect("parses");
        let both = KeyRing::parse("K", &format!("2:{B}, 1:{A}")).expect("parses");
        assert_eq!(both.sealing_version(), 2);
        let mut value = *b"ya29.token";
        let (nonce, tag) = old.seal(&mut value, b"place").expect("seals");
        for hint in [None, Some(1), Some(2), Some(9)] {
            let mut sealed = value;
            assert_eq!(both.open((nonce, tag), &mut sealed, b"place", hint), Ok(1));
            assert_eq!(&sealed, b"ya29.token");
        }
        let other = KeyRing::parse("K", B).expect("parses");
        let lock = (nonce, tag);
        assert_eq!(other.open(lock, &mut value, b"place", None), Err(Error::Decryption));
        assert_eq!(both.open(lock, &mut value, b"elsewhere", None), Err(Error::Decryption));
    }
}
