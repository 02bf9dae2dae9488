//! Signed identifiers: `id.version.base64url(HMAC-SHA-256(subkey, purpose 0x00 id)[..16])`, with the subkey for
//! `"tokenkeep signature"`. Read access to the table of identifiers is not enough to create one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::subkeys::Subkeys;

const SIGNATURE_BYTES: usize = 16;

/// Signs and verifies identifiers, each for one purpose.
#[derive(Debug)]
pub struct Signatures(Subkeys);

impl Signatures {
    pub(super) fn new() -> Self {
        Self(Subkeys::new("tokenkeep signature"))
    }

    pub(super) fn add(&mut self, version: i32, key: &[u8; 32]) {
        self.0.add(version, key);
    }

    /// The signed form of `id`, which must not contain a dot; `None` without a key.
    #[must_use]
    pub fn sign(&self, purpose: &str, id: &str) -> Option<String> {
        let (version, mac) = self.0.first(&message(purpose, id))?;
        Some(format!("{id}.{version}.{}", URL_SAFE_NO_PAD.encode(&mac[..SIGNATURE_BYTES])))
    }

    /// The identifier in `signed`; `None` unless it was signed for this purpose with a key of this ring.
    #[must_use]
    pub fn verify<'a>(&self, purpose: &str, signed: &'a str) -> Option<&'a str> {
        let (id, rest) = signed.split_once('.')?;
        let (version, encoded) = rest.split_once('.')?;
        let mac = URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let is_whole = mac.len() == SIGNATURE_BYTES;
        let version = version.parse().ok()?;
        (is_whole && self.0.verify(version, &message(purpose, id), &mac)?).then_some(id)
    }
}

fn message(purpose: &str, id: &str) -> Vec<u8> {
    [purpose.as_bytes(), &[0], id.as_bytes()].concat()
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
    fn what_was_signed_is_known_again_after_a_key_rotation_and_for_its_purpose_alone() {
        let signed = ring(A).signatures().sign("state", "abc").expect("has a key");
        let rotated = ring(&format!("{B},{A}"));
        assert_eq!(rotated.signatures().verify("state", &signed), Some("abc"));
        assert_eq!(rotated.signatures().verify("ticket", &signed), None);
        assert_eq!(ring(B).signatures().verify("state", &signed), None);
    }

    #[test]
    fn every_change_of_a_single_byte_is_refused_and_so_is_a_part() {
        let signed = ring(A).signatures().sign("state", "abc").expect("has a key");
        for index in 0..signed.len() {
            for replacement in *b"A0._-\xc3" {
                let mut bytes = signed.clone().into_bytes();
                if bytes[index] == replacement {
                    continue;
                }
                bytes[index] = replacement;
                let altered = String::from_utf8_lossy(&bytes).into_owned();
                assert_eq!(ring(A).signatures().verify("state", &altered), None, "{altered}");
            }
            assert_eq!(ring(A).signatures().verify("state", &signed[..index]), None);
        }
        assert_eq!(ring(A).signatures().verify("state", &format!("{signed}AAAA")), None);
        assert_eq!(ring(A).signatures().verify("state", "abc.1."), None);
    }
}
