//! Base64 as Node decodes it: both alphabets, with or without padding. Other characters are ignored; the first
//! `=` ends the input.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// With padding, as `Buffer.toString('base64')` writes it.
pub(super) fn encode(bytes: &[u8]) -> String {
    LENIENT.encode(bytes)
}

/// Decodes like `Buffer.from(text, 'base64')`; never fails.
pub(super) fn decode(text: &str) -> Vec<u8> {
    // Nearly always: nothing in it has to be ignored.
    LENIENT.decode(text).unwrap_or_else(|_| decode_digits(text))
}

fn decode_digits(text: &str) -> Vec<u8> {
    let mut digits: Vec<u8> = text
        .encode_utf16()
        // Node reads only the lower byte of each UTF-16 unit.
        .map(|unit| match unit.to_be_bytes()[1] {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .take_while(|byte| *byte != b'=')
        .filter(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte))
        .collect();
    // A single remaining digit has only six bits.
    if digits.len() % 4 == 1 {
        digits.pop();
    }
    LENIENT.decode(digits).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_decoded_is_what_node_decodes() {
        let cases: [(&str, &[u8]); 12] = [
            ("YWJj", b"abc"),
            ("YWJjZA==", b"abcd"),
            ("YWJjZA", b"abcd"),
            ("YWJjZA=garbage", b"abcd"),
            ("YQ==YQ==", b"a"),
            ("YW=Jj", b"a"),
            ("=YWJj", b""),
            ("YWJjY", b"abc"),
            ("Y W\nJ*j", b"abc"),
            ("YW-_", b"ao\xbf"),
            ("\u{141}WJj", b"\x01bc"),
            ("Y\u{e9}W\u{feff}Jj", b"abc"),
        ];
        for (text, bytes) in cases {
            assert_eq!(decode(text), bytes, "{text}");
            assert_eq!(decode_digits(text), bytes, "{text}");
        }
    }
}
