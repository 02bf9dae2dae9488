//! Any text where keys should be: a refusal says nothing of a key, and a ring that is accepted
//! seals with its first key and opens what any of its keys has sealed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tokenkeep::crypto::{GmailFormat, KeyRing};

fuzz_target!(|text: &str| match KeyRing::parse("KEYS", text) {
    Ok(ring) => works(ring, text),
    Err(error) => {
        let printed = format!("{error} {error:?}");
        let masked = KeyRing::parse("KEYS", &masked(text)).expect_err("is refused as well");
        assert_eq!(format!("{masked} {masked:?}"), printed, "the error depends on a key");
        // Also where the key stands in the place of its version.
        let mut runs = printed.split(|character: char| !character.is_ascii_hexdigit());
        assert!(runs.all(|run| run.len() < 8), "{printed}");
    }
});

/// The text with every digit of a key replaced by a zero.
fn masked(text: &str) -> String {
    let entries = text.split(',').map(|entry| {
        let key = entry.find(':').map_or(0, |colon| colon + 1);
        let zeros = entry[key..].replace(|character: char| character.is_ascii_hexdigit(), "0");
        format!("{}{zeros}", &entry[..key])
    });
    entries.collect::<Vec<_>>().join(",")
}

fn works(ring: KeyRing, text: &str) {
    assert_eq!(format!("{ring:?}"), format!("KeyRing({} keys, redacted)", text.split(',').count()));
    let sealing = ring.sealing_version();
    let format = GmailFormat::new(ring);
    for (index, entry) in text.split(',').enumerate() {
        let (version, key) = entry.split_once(':').unwrap_or(("1", entry));
        let version = version.trim().parse::<i32>().ok();
        let sealed = reference::seal(key.trim(), b"token").expect("is a key");
        for hint in [None, version, Some(i32::MAX)] {
            assert_eq!(*format.open(&sealed, hint).expect("opens"), "token");
        }
        if index == 0 {
            assert_eq!(version, Some(sealing));
            let sealed = format.seal("token").expect("seals");
            assert_eq!(reference::open(key.trim(), &sealed).as_deref(), Some(&b"token"[..]));
        }
    }
}
