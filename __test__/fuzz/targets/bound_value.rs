//! Any text where a bound value should be: it opens only if another implementation opens it too, and
//! only in its place; every refusal is the same one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use reference::{KEY, RETIRED, open_bound, place};
use tokenkeep::crypto::{KeyRing, Place, is_sealed, open, seal};
use tokenkeep::error::Error;

fuzz_target!(|stored: &str| {
    let ring = KeyRing::parse("KEYS", &format!("2:{KEY},1:{RETIRED}")).expect("parses");
    let here = Place { store: "zoho", column: "access_token", key: &["client", "zoho_crm"] };
    let elsewhere = Place { column: "refresh_token", ..here };
    let bytes = place(&["zoho", "access_token", "client", "zoho_crm"]);
    let expected = [KEY, RETIRED].iter().find_map(|key| open_bound(key, stored, &bytes));
    match (open(&ring, stored, here), expected) {
        (Ok(text), Some(expected)) => {
            assert!(is_sealed(stored));
            assert_eq!(*text, String::from_utf8(expected).expect("is text"));
            let anew = seal(&ring, &text, here).expect("seals");
            assert_eq!(*open(&ring, &anew, here).expect("opens"), *text);
            assert_eq!(open(&ring, stored, elsewhere), Err(Error::Decryption));
        }
        (Err(error), None) => assert_eq!(error, Error::Decryption),
        (Err(_), Some(bytes)) => assert!(String::from_utf8(bytes).is_err(), "is refused"),
        (Ok(_), None) => panic!("opens"),
    }
});
