//! Random UUIDs, for rows whose default is in the application.

use crate::error::{Error, Result};

/// A random UUID (RFC 9562, section 5.4), as `crypto.randomUUID()` makes it.
pub(super) fn uuid_v4() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|_| Error::internal("the operating system gave no random bytes"))?;
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = faster_hex::hex_string(&bytes);
    Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}
