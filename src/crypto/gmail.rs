//! The sealed format of the gmail store (`docs/internals/stores.md`): `iv_hex:auth_tag_hex:ciphertext_hex` in
//! lower case, from AES-256-GCM with a 12-byte IV and a 16-byte tag.

use zeroize::Zeroizing;

use super::fingerprint::Fingerprints;
use super::nonce::NONCE_BYTES;
use super::ring::{KeyRing, TAG_BYTES};
use super::text::text;
use crate::error::{Error, Result};

/// `seal(text) = hex(nonce):hex(tag):hex(AES-256-GCM[key](nonce, utf8(text)))`
#[derive(Debug)]
pub struct GmailFormat {
    ring: KeyRing,
}

impl GmailFormat {
    /// The format with these keys.
    #[must_use]
    pub fn new(ring: KeyRing) -> Self {
        Self { ring }
    }

    /// The version of the key that [`seal`](Self::seal) uses.
    #[must_use]
    pub fn sealing_version(&self) -> i32 {
        self.ring.sealing_version()
    }

    /// The fingerprints under the same keys.
    #[must_use]
    pub fn fingerprints(&self) -> &Fingerprints {
        self.ring.fingerprints()
    }

    /// Seals any text, including an empty one, with a new random nonce.
    ///
    /// # Errors
    /// [`Error::Internal`] if the operating system provides no random bytes.
    pub fn seal(&self, text: &str) -> Result<String> {
        let mut buffer = Zeroizing::new(text.as_bytes().to_vec());
        let (nonce, tag) = self.ring.seal(&mut buffer, &[])?;
        let mut sealed = String::with_capacity((NONCE_BYTES + TAG_BYTES + buffer.len()) * 2 + 2);
        sealed.push_str(&faster_hex::hex_string(&nonce));
        sealed.push(':');
        sealed.push_str(&faster_hex::hex_string(&tag));
        sealed.push(':');
        sealed.push_str(&faster_hex::hex_string(&buffer));
        Ok(sealed)
    }

    /// Opens a value of [`seal`](Self::seal) or of Node's crypto; accepts upper-case hex, too. `hint` is the
    /// row's `key_version`, which may be wrong, as an old instance's upsert does not set it.
    ///
    /// # Errors
    /// [`Error::Decryption`], the same for every cause, so that it reveals nothing.
    pub fn open(&self, sealed: &str, hint: Option<i32>) -> Result<Zeroizing<String>> {
        let mut parts = sealed.split(':');
        let (Some(nonce), Some(tag), Some(ciphertext), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Error::Decryption);
        };
        let mut buffer = Zeroizing::new(vec![0_u8; ciphertext.len() / 2]);
        decode(ciphertext, &mut buffer)?;
        let nonce_and_tag = (decode_array(nonce)?, decode_array(tag)?);
        self.ring.open(nonce_and_tag, &mut buffer, &[], hint)?;
        text(buffer)
    }
}

fn decode(hex: &str, into: &mut [u8]) -> Result<()> {
    if hex.len() != into.len() * 2 {
        return Err(Error::Decryption);
    }
    if hex.is_empty() {
        return Ok(());
    }
    faster_hex::hex_decode(hex.as_bytes(), into).map_err(|_| Error::Decryption)
}

fn decode_array<const N: usize>(hex: &str) -> Result<[u8; N]> {
    let mut bytes = [0_u8; N];
    decode(hex, &mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    fn format() -> GmailFormat {
        GmailFormat::new(KeyRing::parse("GMAIL_ENCRYPTION_KEY", KEY).expect("parses"))
    }

    #[test]
    fn every_text_round_trips() {
        for text in ["", "a", "ya29.a0Af", "Grüße, 世界 🗝", &"x".repeat(64 * 1024)] {
            let sealed = format().seal(text).expect("seals");
            assert_eq!(*format().open(&sealed, Some(1)).expect("opens"), text);
            assert_eq!(*format().open(&sealed.to_uppercase(), None).expect("opens"), text);
        }
    }

    #[test]
    fn the_same_text_never_seals_to_the_same_value() {
        assert_ne!(format().seal("token").expect("seals"), format().seal("token").expect("seals"));
    }

    #[test]
    fn every_change_of_a_single_byte_is_refused() {
        let sealed = format().seal("1//refresh").expect("seals");
        for index in 0..sealed.len() {
            for replacement in *b"0f:zG\x7f" {
                let mut bytes = sealed.clone().into_bytes();
                if bytes[index].eq_ignore_ascii_case(&replacement) {
                    continue;
                }
                bytes[index] = replacement;
                let altered = String::from_utf8(bytes).expect("is ASCII");
                assert_eq!(format().open(&altered, None), Err(Error::Decryption), "byte {index}");
            }
        }
    }
}
