//! Any text where `Retry-After` should be: what is taken is a number of seconds, or a date that
//! comes at most a second nearer with every second.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tokenkeep::config::RETRY_AFTER_MAX_S;
use tokenkeep::oauth::retry_after;

/// The end of the year 9999, the last that an HTTP date can name.
const LAST: Duration = Duration::from_secs(253_402_300_799);
const LONGEST: Duration = Duration::from_secs(RETRY_AFTER_MAX_S);

fuzz_target!(|text: &str| {
    let digits = text.trim();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let Some(pause) = retry_after(text, Duration::ZERO) else {
        return assert!(!is_number, "a number of seconds was refused");
    };
    assert!(pause <= LONGEST);
    if is_number {
        assert_eq!(pause.as_secs(), digits.parse().unwrap_or(u64::MAX).min(RETRY_AFTER_MAX_S));
    }
    for wall in [Duration::from_millis(1), pause, pause / 2, LAST, Duration::MAX] {
        let later = retry_after(text, wall).expect("is a time whatever the clock says");
        assert!(later <= pause && pause.saturating_sub(wall) <= later);
        assert!(!is_number || later == pause);
    }
});
