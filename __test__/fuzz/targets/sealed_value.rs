//! Any text where a sealed value should be: it opens only if another implementation opens it too,
//! every refusal is the same one, and what opens can be sealed anew.

#![no_main]

use libfuzzer_sys::fuzz_target;
use reference::{KEY, RETIRED};
use tokenkeep::crypto::{GmailFormat, KeyRing};
use tokenkeep::error::Error;

fuzz_target!(|sealed: &str| {
    let ring = KeyRing::parse("KEYS", &format!("2:{KEY},1:{RETIRED}")).expect("parses");
    let format = GmailFormat::new(ring);
    let expected = [KEY, RETIRED].iter().find_map(|key| reference::open(key, sealed));
    let expected = expected.and_then(|bytes| String::from_utf8(bytes).ok());
    for hint in [None, Some(1), Some(2), Some(i32::MIN)] {
        match (format.open(sealed, hint), &expected) {
            (Ok(text), Some(expected)) => {
                assert_eq!(*text, *expected);
                let anew = format.seal(&text).expect("seals");
                assert_eq!(*format.open(&anew, None).expect("opens"), *text);
            }
            (Err(error), None) => assert_eq!(error, Error::Decryption),
            (opened, _) => panic!("{:?} with the hint {hint:?}", opened.map(|_| "opened")),
        }
    }
});
