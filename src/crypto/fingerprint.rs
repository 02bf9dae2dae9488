//! Recognising a text without keeping it: `version:hex(HMAC-SHA-256(subkey, text)[..16])`, with
//! `subkey = HMAC-SHA-256(key, "tokenkeep fingerprint")`, so that the cipher's key has one use.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

const FINGERPRINT_BYTES: usize = 16;

/// The subkeys of a key ring, by version.
#[derive(Default)]
pub struct Fingerprints {
    subkeys: Vec<(i32, Zeroizing<[u8; 32]>)>,
}

impl std::fmt::Debug for Fingerprints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fingerprints({} keys, redacted)", self.subkeys.len())
    }
}

impl Fingerprints {
    pub(super) fn add(&mut self, version: i32, key: &[u8; 32]) {
        self.subkeys.push((version, mac(key, b"tokenkeep fingerprint")));
    }

    /// The fingerprint of `text` under the first key; nothing can be learned from it without the
    /// key but whether two texts are the same.
    #[must_use]
    pub fn of(&self, text: &str) -> Option<String> {
        self.subkeys.first().map(|(version, subkey)| print(*version, subkey, text))
    }

    /// Whether `fingerprint` is that of `text`; false also when its key is not here any more.
    #[must_use]
    pub fn is_of(&self, fingerprint: &str, text: &str) -> bool {
        self.subkeys.iter().any(|(version, subkey)| print(*version, subkey, text) == fingerprint)
    }
}

fn print(version: i32, subkey: &[u8; 32], text: &str) -> String {
    let mac = mac(subkey, text.as_bytes());
    format!("{version}:{}", faster_hex::hex_string(&mac[..FINGERPRINT_BYTES]))
}

fn mac(key: &[u8; 32], text: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text);
    Zeroizing::new(mac.finalize().into_bytes().into())
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
