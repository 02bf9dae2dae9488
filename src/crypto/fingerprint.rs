//! Fingerprints recognize a text without storing it: `version:hex(HMAC-SHA-256(subkey, text)[..16])`, with the
//! subkey for `"tokenkeep fingerprint"`.

use sha2::{Digest, Sha256};

use super::subkeys::Subkeys;

const FINGERPRINT_BYTES: usize = 16;

/// `0:hex(SHA-256(text)[..16])`, for a store without a key. It allows guesses of the text to be checked.
#[must_use]
pub fn unkeyed_fingerprint(text: &str) -> String {
    format!("0:{}", faster_hex::hex_string(&Sha256::digest(text)[..FINGERPRINT_BYTES]))
}

/// Makes and compares fingerprints.
#[derive(Debug)]
pub struct Fingerprints(Subkeys);

impl Fingerprints {
    pub(super) fn new() -> Self {
        Self(Subkeys::new("tokenkeep fingerprint"))
    }

    pub(super) fn add(&mut self, version: i32, key: &[u8; 32]) {
        self.0.add(version, key);
    }

    /// The fingerprint of `text` under the first key. Without the key, it reveals only whether two texts are
    /// equal.
    #[must_use]
    pub fn of(&self, text: &str) -> Option<String> {
        let (version, mac) = self.0.first(text.as_bytes())?;
        Some(format!("{version}:{}", faster_hex::hex_string(&mac[..FINGERPRINT_BYTES])))
    }

    /// The fingerprints of `text` under all keys; the first is that of [`of`](Self::of).
    #[must_use]
    pub fn all(&self, text: &str) -> Vec<String> {
        let print = |(version, mac): (i32, [u8; 32])| {
            format!("{version}:{}", faster_hex::hex_string(&mac[..FINGERPRINT_BYTES]))
        };
        self.0.all(text.as_bytes()).map(print).collect()
    }

    /// Whether `fingerprint` is that of `text`; `None` if its key has been removed.
    #[must_use]
    pub fn compare(&self, fingerprint: &str, text: &str) -> Option<bool> {
        let (version, hex) = fingerprint.split_once(':')?;
        let mut mac = [0_u8; FINGERPRINT_BYTES];
        faster_hex::hex_decode(hex.as_bytes(), &mut mac).ok()?;
        self.0.verify(version.parse().ok()?, text.as_bytes(), &mac)
    }

    /// Whether `fingerprint` is that of `text`; false if its key has been removed.
    #[must_use]
    pub fn is_of(&self, fingerprint: &str, text: &str) -> bool {
        self.compare(fingerprint, text) == Some(true)
    }
}

#[cfg(test)]
mod tests {
    use crate::crypto::KeyRing;

    const A: &str = "1:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    const B: &str = "2:ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

    fn ring(text: &str) -> KeyRing {
        KeyRing::parse("K", text).expect("parses")
    }

    #[test]
    fn a_text_is_recognised_after_a_key_rotation_and_by_nobody_without_the_key() {
        let print = ring(A).fingerprints().of("1000.refresh").expect("has a key");
        assert!(print.starts_with("1:") && !print.contains("refresh"));
        let both = ring(&format!("{B},{A}"));
        assert!(both.fingerprints().is_of(&print, "1000.refresh"));
        assert!(!both.fingerprints().is_of(&print, "1000.other"));
        assert!(!ring(B).fingerprints().is_of(&print, "1000.refresh"));
        assert_ne!(both.fingerprints().of("1000.refresh").as_deref(), Some(&*print));
    }
}
