//! The sealed format that binds a value to its place.

use proptest::prelude::*;
use proptest::sample::Index;
use tokenkeep::crypto::{KeyRing, Place, is_sealed, open, seal};
use tokenkeep::error::Error;

use super::{text, tries};

const KEY: &str = "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210";
const NEXT: &str = "f0e1d2c3b4a5968778695a4b3c2d1e0ffedcba98765432100123456789abcdef";

fn ring(keys: &str) -> KeyRing {
    KeyRing::parse("KEYS", keys).expect("parses")
}

/// Store, column and the parts of a key.
fn place() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(text(6), 2..6)
}

/// Works with the place that these parts name.
fn at<T>(parts: &[String], work: impl FnOnce(Place<'_>) -> T) -> T {
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    work(Place { store: parts[0], column: parts[1], key: &parts[2..] })
}

proptest! {
    #![proptest_config(tries(128))]

    #[test]
    fn every_text_opens_in_its_place_and_after_its_key_was_retired(
        text in text(1_000),
        place in place(),
    ) {
        let sealed = at(&place, |place| seal(&ring(KEY), &text, place)).expect("seals");
        prop_assert!(is_sealed(&sealed) && sealed.is_ascii());
        for keys in [KEY.to_owned(), format!("2:{NEXT},1:{KEY}")] {
            let opened = at(&place, |place| open(&ring(&keys), &sealed, place));
            prop_assert_eq!(&*opened.expect("opens"), &text);
        }
        let without = at(&place, |place| open(&ring(NEXT), &sealed, place));
        prop_assert_eq!(without, Err(Error::Decryption));
    }

    #[test]
    fn a_value_opens_nowhere_else_however_much_alike_the_places_are(
        text in text(20),
        parts in proptest::collection::vec("[ab]{0,3}", 2..6),
        others in proptest::collection::vec("[ab]{0,3}", 2..6),
    ) {
        let sealed = at(&parts, |place| seal(&ring(KEY), &text, place)).expect("seals");
        let opened = at(&others, |place| open(&ring(KEY), &sealed, place));
        prop_assert_eq!(opened.is_ok(), parts == others);
    }

    #[test]
    fn a_value_with_one_character_replaced_is_refused(
        text in text(50),
        place in place(),
        index: Index,
        replacement: char,
    ) {
        let sealed = at(&place, |place| seal(&ring(KEY), &text, place)).expect("seals");
        let index = index.index(sealed.len());
        let mut characters: Vec<char> = sealed.chars().collect();
        // The version is only a hint.
        prop_assume!(characters[index] != replacement && index != "tk1.".len());
        characters[index] = replacement;
        let altered = String::from_iter(characters);
        let opened = at(&place, |place| open(&ring(KEY), &altered, place));
        prop_assert_eq!(opened, Err(Error::Decryption));
    }

    #[test]
    fn any_text_is_refused_like_a_wrong_key(stored in text(200), place in place()) {
        for stored in [format!("tk1.{stored}"), format!("tk1.1.{stored}"), stored] {
            let opened = at(&place, |place| open(&ring(KEY), &stored, place));
            prop_assert_eq!(opened, Err(Error::Decryption));
        }
    }
}
