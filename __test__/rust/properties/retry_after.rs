//! `Retry-After`, in all of its forms.

use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;
use tokenkeep::config::RETRY_AFTER_MAX_S;
use tokenkeep::oauth::retry_after;

use super::{text, tries};

/// The end of the year 9999, the last that an HTTP date can name.
const LAST_S: u64 = 253_402_300_799;
const LONGEST: Duration = Duration::from_secs(RETRY_AFTER_MAX_S);

fn wall() -> impl Strategy<Value = Duration> {
    (0..=LAST_S, 0_u32..1_000_000_000).prop_map(|(s, ns)| Duration::new(s, ns))
}

proptest! {
    #![proptest_config(tries(1_000))]

    #[test]
    fn seconds_are_taken_whatever_the_clock_says(
        digits in "[0-9]{1,25}",
        before in "[ \t]{0,3}",
        after in "[ \t]{0,3}",
        wall in wall(),
    ) {
        let pause = retry_after(&format!("{before}{digits}{after}"), wall);
        let asked = Duration::from_secs(digits.parse().unwrap_or(u64::MAX));
        prop_assert_eq!(pause, Some(asked.min(LONGEST)));
    }

    #[test]
    fn a_date_is_as_far_away_as_the_clock_says_and_never_in_the_past(
        seconds in 0..=LAST_S,
        wall in wall(),
    ) {
        let at = Duration::from_secs(seconds);
        let date = httpdate::fmt_http_date(UNIX_EPOCH + at);
        prop_assert_eq!(retry_after(&date, wall), Some(at.saturating_sub(wall).min(LONGEST)));
    }

    #[test]
    fn no_other_text_is_longer_than_the_longest(text in text(40), wall in wall()) {
        prop_assume!(!text.trim().bytes().all(|byte| byte.is_ascii_digit()));
        let pause = retry_after(&text, wall).unwrap_or_default();
        prop_assert!(pause <= LONGEST);
    }

    #[test]
    fn what_almost_is_a_date_is_none_or_a_date(
        text in "(Mon|Sun|Sunday), [0-3][0-9][ -](Feb|Nov|Foo)[ -][0-9]{2,4} [0-2][0-9]:[0-6][0-9]:[0-6][0-9] (GMT|UTC)?",
        wall in wall(),
    ) {
        let pause = retry_after(&text, wall).unwrap_or_default();
        prop_assert!(pause <= LONGEST);
    }
}
