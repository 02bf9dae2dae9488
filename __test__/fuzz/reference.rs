//! The sealed formats once more, with another implementation of AES-256-GCM and with digits read one
//! by one: what the targets compare tokenkeep with.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce, UnboundKey};

/// The key that seals in the targets.
pub const KEY: &str = "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210";
/// A key that was retired: it only opens.
pub const RETIRED: &str = "f0e1d2c3b4a5968778695a4b3c2d1e0ffedcba98765432100123456789abcdef";

/// The bytes that hexadecimal digits stand for.
pub fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.chars().map(|digit| digit.to_digit(16)).collect::<Option<Vec<u32>>>()?;
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    });
    pairs.collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn cipher(key: &str) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, &bytes(key)?).ok().map(LessSafeKey::new)
}

/// Seals any bytes, text or not. The nonce is always the same, so that a target's input is all
/// that decides.
pub fn seal(key: &str, plaintext: &[u8]) -> Option<String> {
    let nonce = [7; NONCE_LEN];
    let mut buffer = plaintext.to_vec();
    let tag = cipher(key)?
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut buffer)
        .ok()?;
    Some(format!("{}:{}:{}", hex(&nonce), hex(tag.as_ref()), hex(&buffer)))
}

/// Opens a sealed value; `None`: it is malformed, or another key sealed it.
pub fn open(key: &str, sealed: &str) -> Option<Vec<u8>> {
    let parts = sealed.split(':').map(bytes).collect::<Option<Vec<_>>>()?;
    let [nonce, tag, ciphertext] = parts.as_slice() else { return None };
    if tag.len() != MAX_TAG_LEN {
        return None;
    }
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut buffer = [ciphertext.as_slice(), tag].concat();
    cipher(key)?.open_in_place(nonce, Aad::empty(), &mut buffer).ok().map(|text| text.to_vec())
}

/// The place of a bound value: each part after its length.
pub fn place(parts: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        bytes.extend(length.to_be_bytes());
        bytes.extend(part.as_bytes());
    }
    bytes
}

const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The bytes that base64url without padding stands for, if it is the only text that does.
fn base64url(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| DIGITS.iter().position(|digit| *digit == byte);
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_usize, 0);
    for byte in text.bytes() {
        bits = (bits << 6) | digit(byte)?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count).ok()?);
            bits &= (1 << count) - 1;
        }
    }
    (count < 6 && bits == 0).then_some(bytes)
}

/// Opens a bound value; `None`: it is malformed, or sealed with another key or for another place.
pub fn open_bound(key: &str, stored: &str, place: &[u8]) -> Option<Vec<u8>> {
    let (version, encoded) = stored.strip_prefix("tk1.")?.split_once('.')?;
    version.parse::<i32>().ok()?;
    let bytes = base64url(encoded)?;
    let (nonce, rest) = bytes.split_at_checked(NONCE_LEN)?;
    let (tag, ciphertext) = rest.split_at_checked(MAX_TAG_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut buffer = [ciphertext, tag].concat();
    cipher(key)?.open_in_place(nonce, Aad::from(place), &mut buffer).ok().map(|text| text.to_vec())
}
