//! Private keys in PEM (RFC 7468, section 10).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Before and after the base64, each after a word of its own.
const LABEL: &str = " PRIVATE KEY-----";
const START: &str = "-----BEGIN";
const END: &str = "-----END";

/// The PKCS#8 bytes in a PEM text. A variable often has `\n`, two characters, in place of a line break.
///
/// # Errors
/// What is wrong, without a part of the text.
pub(super) fn pkcs8(pem: &str) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let body = pem.split_once(&format!("{START}{LABEL}"));
    let body = body.and_then(|(_, rest)| rest.split_once(&format!("{END}{LABEL}")));
    let Some((body, _)) = body else {
        return Err(match pem.contains(START) {
            true => {
                "must be PKCS#8 without a password. Convert it with: openssl pkcs8 -topk8 -nocrypt -in key.pem"
            }
            false => "must be PKCS#8 in PEM format, or a JWK",
        });
    };
    let mut base64 = Zeroizing::new(String::with_capacity(body.len()));
    for line in body.split("\\n") {
        base64.extend(line.chars().filter(|character| !character.is_whitespace()));
    }
    STANDARD
        .decode(base64.as_bytes())
        .map(Zeroizing::new)
        .map_err(|_| "is not valid PEM: its base64 cannot be read")
}
