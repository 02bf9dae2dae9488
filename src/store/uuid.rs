//! UUIDs: random ones for tables without a default, and those of callers.

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

/// A UUID as PostgreSQL prints it, so that equal UUIDs are equal texts.
///
/// # Errors
/// [`Error::InvalidArgument`] that names the argument.
pub(super) fn uuid(argument: &'static str, text: &str) -> Result<String> {
    let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
    let digits: String = inner.chars().filter(|char| *char != '-').collect();
    let sound = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !sound || inner.len() > 36 {
        return Err(Error::invalid(argument, "must be a UUID"));
    }
    let hex = digits.to_ascii_lowercase();
    Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_uuids_are_equal_keys_and_nothing_else_is_one() {
        let plain = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        for same in [
            "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
            "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
            "a0eebc999c0b4ef8bb6d6bb9bd380a11",
        ] {
            assert_eq!(uuid("tenantId", same).as_deref(), Ok(plain));
        }
        for bad in [
            "",
            "tenant-1",
            &plain[1..],
            &format!("{plain}0"),
            "{a0eebc99",
            "ä".repeat(32).as_str(),
        ] {
            assert!(matches!(uuid("tenantId", bad), Err(Error::InvalidArgument { .. })), "{bad}");
        }
    }
}
