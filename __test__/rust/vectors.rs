//! The fixed vectors of the sealed format. `__test__/zoho/vectors.spec.ts` opens the same with
//! Node's own crypto.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tokenkeep::crypto::{KeyRing, Place, open, seal};
use tokenkeep::error::Error;

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap_or_else(|| panic!("has {name}"))
}

#[test]
fn every_vector_opens_or_fails_as_its_name_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("__test__/sealing/vectors/bound");
    let (mut opened, mut failed) = (0, 0);
    for entry in fs::read_dir(folder).expect("is a folder") {
        let path = entry.expect("is readable").path();
        let name = path.file_stem().expect("has a name").to_string_lossy().into_owned();
        let json = fs::read(&path).expect("is readable");
        let vector: Value = serde_json::from_slice(&json).expect("is JSON");
        let ring = KeyRing::parse("KEYS", text(&vector, "keys")).expect("parses");
        let parts = vector["parts"].as_array().expect("has parts");
        let key: Vec<&str> = parts.iter().map(|part| part.as_str().expect("is a text")).collect();
        let place =
            Place { store: text(&vector, "store"), column: text(&vector, "column"), key: &key };
        let result = open(&ring, text(&vector, "sealed"), place);
        if name.starts_with("opens-") {
            let plaintext = text(&vector, "plaintext");
            assert_eq!(*result.expect(&name), plaintext, "{name}");
            let again = seal(&ring, plaintext, place).expect("seals");
            assert_eq!(*open(&ring, &again, place).expect("opens"), plaintext, "{name}");
            opened += 1;
        } else {
            assert_eq!(result, Err(Error::Decryption), "{name}");
            failed += 1;
        }
    }
    assert!(opened > 5 && failed > 5, "{opened} open, {failed} fail");
}
