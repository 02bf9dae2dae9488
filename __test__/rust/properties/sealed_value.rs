//! The sealed format of the gmail store.

use proptest::prelude::*;
use proptest::sample::Index;
use tokenkeep::crypto::{GmailFormat, KeyRing};
use tokenkeep::error::Error;

use super::{text, tries};

const KEY: &str = "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210";
const NEXT: &str = "f0e1d2c3b4a5968778695a4b3c2d1e0ffedcba98765432100123456789abcdef";

fn format(keys: &str) -> GmailFormat {
    GmailFormat::new(KeyRing::parse("KEYS", keys).expect("parses"))
}

proptest! {
    #![proptest_config(tries(128))]

    #[test]
    fn every_text_opens_as_it_was_in_either_case_and_after_its_key_was_retired(
        text in text(1_000),
        hint: Option<i32>,
    ) {
        let sealed = format(KEY).seal(&text).expect("seals");
        prop_assert_eq!(sealed.len(), 24 + 1 + 32 + 1 + text.len() * 2);
        prop_assert!(sealed.bytes().all(|byte| b"0123456789abcdef:".contains(&byte)));
        let retired = format(&format!("2:{NEXT},1:{KEY}"));
        for sealed in [sealed.to_uppercase(), sealed] {
            prop_assert_eq!(&*format(KEY).open(&sealed, hint).expect("opens"), &text);
            prop_assert_eq!(&*retired.open(&sealed, hint).expect("opens"), &text);
            prop_assert_eq!(format(NEXT).open(&sealed, hint), Err(Error::Decryption));
        }
    }

    #[test]
    fn a_value_with_one_character_replaced_is_refused(
        text in text(50),
        at: Index,
        replacement: char,
    ) {
        let sealed = format(KEY).seal(&text).expect("seals");
        let (before, rest) = sealed.split_at(at.index(sealed.len()));
        let altered = format!("{before}{replacement}{}", &rest[1..]);
        prop_assume!(!altered.eq_ignore_ascii_case(&sealed));
        prop_assert_eq!(format(KEY).open(&altered, None), Err(Error::Decryption));
    }

    #[test]
    fn a_value_with_one_digit_replaced_is_refused(
        text in text(50),
        at: Index,
        replacement in "[0-9a-fA-F:]",
    ) {
        let sealed = format(KEY).seal(&text).expect("seals");
        let (before, rest) = sealed.split_at(at.index(sealed.len()));
        let altered = format!("{before}{replacement}{}", &rest[1..]);
        prop_assume!(!altered.eq_ignore_ascii_case(&sealed));
        prop_assert_eq!(format(KEY).open(&altered, None), Err(Error::Decryption));
    }

    #[test]
    fn a_value_that_lost_or_gained_characters_is_refused(
        text in text(50),
        from: Index,
        count in 1_usize..80,
        added in "[0-9a-f:]{1,80}",
    ) {
        let sealed = format(KEY).seal(&text).expect("seals");
        let from = from.index(sealed.len());
        let (before, rest) = sealed.split_at(from);
        let shorter = format!("{before}{}", &rest[count.min(rest.len())..]);
        let longer = format!("{before}{added}{rest}");
        let with_another_part = [format!("{added}:{sealed}"), format!("{sealed}:{added}")];
        for altered in [shorter, longer].into_iter().chain(with_another_part) {
            prop_assert_eq!(format(KEY).open(&altered, None), Err(Error::Decryption));
        }
    }

    #[test]
    fn a_text_that_never_was_sealed_is_refused(text in text(100), hint: Option<i32>) {
        prop_assert_eq!(format(KEY).open(&text, hint), Err(Error::Decryption));
    }
}
