//! Any text where a signed state should be: known only if it was signed with this key, for this
//! purpose; whatever follows from its identifier when it is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tokenkeep::crypto::KeyRing;

const KEY: &str = "1:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff,\
                   2:ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

fuzz_target!(|text: &str| {
    let ring = KeyRing::parse("K", KEY).expect("parses");
    let signatures = ring.signatures();
    if let Some(id) = signatures.verify("state", text) {
        panic!("{id} was never signed");
    }
    if text.contains('.') {
        return;
    }
    let signed = signatures.sign("state", text).expect("the ring has a key");
    assert_eq!(signatures.verify("state", &signed), Some(text));
    assert_eq!(signatures.verify("link", &signed), None);
});
