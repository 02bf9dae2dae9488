//! What was sealed opens again, here and with another implementation; altered in any way it never
//! opens to another text. The first three bytes say how it is altered, the rest is the plaintext.

#![no_main]

use libfuzzer_sys::fuzz_target;
use reference::KEY;
use tokenkeep::crypto::{GmailFormat, KeyRing};
use tokenkeep::error::Error;

fuzz_target!(|input: &[u8]| {
    let Some(([high, low, change], plaintext)) = input.split_first_chunk() else { return };
    let format = GmailFormat::new(KeyRing::parse("KEYS", KEY).expect("parses"));

    let theirs = reference::seal(KEY, plaintext).expect("seals");
    let text = std::str::from_utf8(plaintext).ok();
    match (format.open(&theirs, None), text) {
        (Ok(opened), Some(text)) => assert_eq!(*opened, text),
        (Err(error), None) => assert_eq!(error, Error::Decryption),
        (opened, _) => panic!("{:?}", opened.map(|_| "opened, and is no text")),
    }

    if let Some(text) = text {
        let ours = format.seal(text).expect("seals");
        assert_eq!(ours.len(), 24 + 1 + 32 + 1 + text.len() * 2);
        assert_eq!(reference::open(KEY, &ours).as_deref(), Some(plaintext));
    }

    let altered = altered(&theirs, usize::from(u16::from_be_bytes([*high, *low])), *change);
    if altered.eq_ignore_ascii_case(&theirs) {
        assert_eq!(format.open(&altered, None).ok().as_deref().map(String::as_str), text);
    } else {
        assert_eq!(format.open(&altered, None), Err(Error::Decryption));
    }
});

/// `sealed` with one character replaced, removed or doubled, or the rest cut off.
fn altered(sealed: &str, at: usize, change: u8) -> String {
    let (before, rest) = sealed.split_at(at % sealed.len());
    let after = &rest[1..];
    match change {
        0..=127 => format!("{before}{}{after}", char::from(change)),
        128..=191 => format!("{before}{after}"),
        192..=223 => format!("{before}{}{rest}", &rest[..1]),
        224.. => before.to_owned(),
    }
}
