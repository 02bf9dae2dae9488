//! Rings of keys, as the variable of a store holds them.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use tokenkeep::crypto::{GmailFormat, KeyRing};
use tokenkeep::error::Error;

use super::tries;

/// Up to five keys in hexadecimal digits with versions of their own, in any order.
fn keys() -> impl Strategy<Value = Vec<(i32, String)>> {
    let key = "[0-9a-fA-F]{64}";
    btree_map(1..=i32::MAX, key, 1..=5).prop_map(Vec::from_iter).prop_shuffle()
}

fn format(keys: &[(i32, String)]) -> GmailFormat {
    let entries: Vec<_> = keys.iter().map(|(version, key)| format!("{version}:{key}")).collect();
    GmailFormat::new(KeyRing::parse("KEYS", &entries.join(" , ")).expect("parses"))
}

proptest! {
    #![proptest_config(tries(64))]

    #[test]
    fn the_first_key_seals_and_each_opens_whatever_the_order(keys in keys(), hint: i32) {
        let ring = format(&keys);
        prop_assert_eq!(ring.sealing_version(), keys[0].0);
        let sealed = ring.seal("token").expect("seals");
        for (index, entry) in keys.iter().enumerate() {
            let alone = format(std::slice::from_ref(entry));
            let opened = alone.open(&sealed, None);
            prop_assert_eq!(opened.is_ok(), index == 0, "{:?}", opened);
            let theirs = alone.seal("token").expect("seals");
            for hint in [None, Some(entry.0), Some(hint)] {
                prop_assert_eq!(&*ring.open(&theirs, hint).expect("opens"), "token");
            }
            let others = [&keys[..index], &keys[index + 1..]].concat();
            if !others.is_empty() {
                prop_assert_eq!(format(&others).open(&theirs, None), Err(Error::Decryption));
            }
        }
    }

    #[test]
    fn a_refusal_names_the_entry_and_says_nothing_of_a_key(
        keys in keys(),
        flaws in vec(("[ -~]{0,3}", any::<proptest::sample::Index>()), 1..4),
    ) {
        let entries: Vec<_> = keys.iter().map(|(version, key)| format!("{version}:{key}")).collect();
        let mut text = entries.join(",");
        for (flaw, at) in flaws {
            text.replace_range(at.index(text.len()).., &flaw);
            if text.is_empty() {
                text.push('1');
            }
        }
        if let Err(error) = KeyRing::parse("KEYS", &text) {
            let printed = format!("{error} {error:?}");
            prop_assert!(printed.starts_with("KEYS: key "), "{}", printed);
            for (_, key) in &keys {
                for part in key.as_bytes().chunks(8) {
                    let part = String::from_utf8_lossy(part);
                    prop_assert!(!printed.contains(&*part), "{}", printed);
                }
            }
        }
    }
}
