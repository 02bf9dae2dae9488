//! Subkeys for uses other than the cipher: `subkey = HMAC-SHA-256(key, label)`, so that each key has a single
//! use.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The subkeys of a ring for one use, by version. The first one creates MACs, all verify them.
pub(super) struct Subkeys {
    label: &'static str,
    keys: Vec<(i32, Zeroizing<[u8; 32]>)>,
}

impl std::fmt::Debug for Subkeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Subkeys({}, {} keys, redacted)", self.label, self.keys.len())
    }
}

impl Subkeys {
    pub(super) fn new(label: &'static str) -> Self {
        Self { label, keys: Vec::new() }
    }

    pub(super) fn add(&mut self, version: i32, key: &[u8; 32]) {
        let subkey = hmac(key, self.label.as_bytes()).finalize().into_bytes().into();
        self.keys.push((version, Zeroizing::new(subkey)));
    }

    /// `HMAC-SHA-256(first subkey, text)`, and the key's version.
    pub(super) fn first(&self, text: &[u8]) -> Option<(i32, [u8; 32])> {
        let (version, key) = self.keys.first()?;
        Some((*version, hmac(key, text).finalize().into_bytes().into()))
    }

    /// The same under all subkeys, in order.
    pub(super) fn all(&self, text: &[u8]) -> impl Iterator<Item = (i32, [u8; 32])> {
        self.keys
            .iter()
            .map(|(version, key)| (*version, hmac(key, text).finalize().into_bytes().into()))
    }

    /// Whether `mac` is a prefix of the HMAC of `text` under the subkey of this version, compared in constant
    /// time. `None` if there is no such key.
    pub(super) fn verify(&self, version: i32, text: &[u8], mac: &[u8]) -> Option<bool> {
        let (_, key) = self.keys.iter().find(|(known, _)| *known == version)?;
        Some(hmac(key, text).verify_truncated_left(mac).is_ok())
    }
}

fn hmac(key: &[u8; 32], text: &[u8]) -> Hmac<Sha256> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    hmac.update(text);
    hmac
}
