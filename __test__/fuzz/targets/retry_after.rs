//! Any text where `Retry-After` should be: what is taken is a number of seconds, or a date that
//! comes a second nearer with every second.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tokenkeep::oauth::retry_after;

/// The end of the year 9999, the last that an HTTP date can name.
const LAST: Duration = Duration::from_secs(253_402_300_799);

fuzz_target!(|text: &str| {
    let digits = text.trim();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let Some(pause) = retry_after(text, Duration::ZERO) else {
        return assert!(!is_number, "a number of seconds was refused");
    };
    if is_number {
        assert_eq!(pause.as_secs(), digits.parse().unwrap_or(u64::MAX));
    } else {
        assert!(pause <= LAST);
    }
    for wall in [Duration::from_millis(1), pause, pause / 2, LAST, Duration::MAX] {
        let left = if is_number { pause } else { pause.saturating_sub(wall) };
        assert_eq!(retry_after(text, wall), Some(left));
    }
});
