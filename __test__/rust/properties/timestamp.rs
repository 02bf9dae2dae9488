//! Moments of the database's clock: a lease's value is its holder's proof.

use std::time::Duration;

use bytes::BytesMut;
use proptest::prelude::*;
use tokenkeep::db::{Timestamp, Type};
use tokio_postgres::types::{FromSql, ToSql};

use super::tries;

/// Microseconds since 2000 that PostgreSQL holds, from 4714 BC to the year 294000.
const STORED: std::ops::RangeInclusive<i64> = -211_813_488_000_000_000..=9_214_646_400_000_000_000;

proptest! {
    #![proptest_config(tries(1_000))]

    #[test]
    fn what_was_read_is_written_to_the_microsecond(stored in STORED) {
        let moment = Timestamp::from_sql(&Type::TIMESTAMPTZ, &stored.to_be_bytes()).expect("reads");
        let mut written = BytesMut::new();
        moment.to_sql(&Type::TIMESTAMPTZ, &mut written).expect("writes");
        prop_assert_eq!(&written[..], &stored.to_be_bytes()[..]);
    }

    #[test]
    fn no_moment_and_no_duration_is_too_large(a: i64, b: i64, seconds: u64) {
        let [a, b] = [a, b].map(|raw| {
            Timestamp::from_sql(&Type::TIMESTAMPTZ, &raw.to_be_bytes()).expect("reads")
        });
        let duration = Duration::from_secs(seconds);
        prop_assert!(a.plus(duration) >= a && a.minus(duration) <= a);
        prop_assert_eq!(a.ms_since(b) > 0, a > b && a.ms_since(b) != 0);
        prop_assert_eq!(a.ms_since(a), 0);
        let cut_off = Timestamp::from_ms(a.as_ms());
        prop_assert!(cut_off <= a && a <= cut_off.plus(Duration::from_micros(999)));
    }

    #[test]
    fn garbage_is_refused(raw: Vec<u8>) {
        prop_assert_eq!(Timestamp::from_sql(&Type::TIMESTAMPTZ, &raw).is_ok(), raw.len() == 8);
    }
}
