//! The sealed format of the gmail store (`docs/internals/stores.md`): `iv_hex:auth_tag_hex:ciphertext_hex` in
//! lower case, from AES-256-GCM with a 12-byte IV and a 16-byte tag.

use zeroize::Zeroizing;

use super::fingerprint::Fingerprints;
use super::ring::{KeyRing, SealedBy};
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

    /// The versions of all keys, beginning with the key that seals.
    #[must_use]
    pub fn versions(&self) -> Vec<i32> {
        self.ring.versions()
    }

    /// Which key has sealed a value of a row with this `key_version`: found by opening it.
    #[must_use]
    pub fn sealed_by(&self, sealed: &str, key_version: i32) -> SealedBy {
        let hint = Some(key_version);
        self.ring.sealed_by(self.opened(sealed.as_ref(), hint), hint)
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
        self.seal_in_place(&mut Zeroizing::new(text.as_bytes().to_vec()))
    }

    /// The same; encrypts the bytes of the text where they are.
    ///
    /// # Errors
    /// As [`seal`](Self::seal).
    pub fn seal_in_place(&self, text: &mut [u8]) -> Result<String> {
        let (nonce, tag) = self.ring.seal(text, &[])?;
        joined([&nonce, &tag, text])
    }

    /// Opens a value of [`seal`](Self::seal) or of Node's crypto; accepts upper-case hex, too. `hint` is the
    /// row's `key_version`, which may be wrong, as an old instance's upsert does not set it.
    ///
    /// # Errors
    /// [`Error::Decryption`], the same for every cause, so that it reveals nothing.
    pub fn open(&self, sealed: impl AsRef<[u8]>, hint: Option<i32>) -> Result<Zeroizing<String>> {
        self.opened(sealed.as_ref(), hint).map(|(text, _)| text)
    }

    /// The text, and the version of the key that has opened it.
    fn opened(&self, sealed: &[u8], hint: Option<i32>) -> Result<(Zeroizing<String>, i32)> {
        let (nonce, rest) = first_part(sealed)?;
        let (tag, ciphertext) = first_part(rest)?;
        let mut buffer = Zeroizing::new(vec![0_u8; ciphertext.len() / 2]);
        decode(ciphertext, &mut buffer)?;
        let version = self.ring.open((nonce, tag), &mut buffer, &[], hint)?;
        Ok((text(buffer)?, version))
    }
}

/// The parts in hexadecimal, joined by colons.
fn joined(parts: [&[u8]; 3]) -> Result<String> {
    let digits = 2 * parts.iter().map(|part| part.len()).sum::<usize>();
    let mut text = vec![b':'; digits + parts.len() - 1];
    let mut at = 0;
    for part in parts {
        let end = at + 2 * part.len();
        faster_hex::hex_encode(part, &mut text[at..end])
            .map_err(|_| Error::internal("the buffer for a sealed value is too short"))?;
        at = end + 1;
    }
    String::from_utf8(text).map_err(|_| Error::internal("hexadecimal digits are not UTF-8"))
}

/// The bytes before the first colon, and the text after it.
fn first_part<const BYTES: usize>(sealed: &[u8]) -> Result<([u8; BYTES], &[u8])> {
    let (hex, rest) = sealed.split_at_checked(2 * BYTES).ok_or(Error::Decryption)?;
    let rest = rest.strip_prefix(b":").ok_or(Error::Decryption)?;
    let mut bytes = [0_u8; BYTES];
    decode(hex, &mut bytes)?;
    Ok((bytes, rest))
}

fn decode(hex: &[u8], into: &mut [u8]) -> Result<()> {
    if hex.len() != into.len() * 2 {
        return Err(Error::Decryption);
    }
    if hex.is_empty() {
        return Ok(());
    }
    faster_hex::hex_decode(hex, into).map_err(|_| Error::Decryption)
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
            assert_eq!(*format().open(sealed.to_uppercase(), None).expect("opens"), text);
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
