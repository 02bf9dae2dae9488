//! `Retry-After` (RFC 9110, section 10.2.3).

use std::time::Duration;

use crate::config::RETRY_AFTER_MAX_S;

/// Parses seconds or a date; returns at most [`RETRY_AFTER_MAX_S`], or `None` if the text is neither.
/// `unix_time` is the time since 1970.
#[must_use]
pub fn retry_after(text: &str, unix_time: Duration) -> Option<Duration> {
    let text = text.trim();
    let retry_after = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that overflows is a long time.
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let at = httpdate::parse_http_date(text).ok()?;
        at.duration_since(std::time::UNIX_EPOCH).ok()?.saturating_sub(unix_time)
    };
    Some(retry_after.min(Duration::from_secs(RETRY_AFTER_MAX_S)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_neither_seconds_nor_a_date_is_none() {
        for text in ["soon", "", "-7", "+7", "7.5"] {
            assert_eq!(retry_after(text, Duration::ZERO), None, "{text}");
        }
    }

    #[test]
    fn a_time_that_no_number_holds_is_long_but_bounded() {
        let longest = Some(Duration::from_secs(RETRY_AFTER_MAX_S));
        let texts = ["4294967296", "18446744073709551615", "18446744073709551616"];
        for text in texts.into_iter().chain([&*"9".repeat(40), "Fri, 31 Dec 9999 23:59:59 GMT"]) {
            assert_eq!(retry_after(text, Duration::ZERO), longest, "{text}");
        }
    }
}
