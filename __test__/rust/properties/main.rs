//! What must hold for any input, tried with inputs made by chance. A failure prints the smallest
//! input that brings it about.

mod bound_value;
mod database_url;
mod debug_output;
mod key_ring;
mod limits;
mod refresh_request;
mod retry_after;
mod sealed_value;
mod timestamp;
mod token_response;

use proptest::prelude::*;

/// `cases` inputs for each property of a file; nothing is written beside the sources.
fn tries(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Any text of up to `characters` characters, of all planes of Unicode.
fn text(characters: usize) -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<char>(), 0..=characters).prop_map(String::from_iter)
}

/// A token of letters alone: no code that a provider has.
fn letters() -> impl Strategy<Value = String> {
    "[A-Z][a-z]{3}[A-Z]{3}[a-zA-Z]{6,30}"
}

/// What looks like a token or a password of somebody's, with digits in it.
fn secret() -> impl Strategy<Value = String> {
    "[a-z]{4}[0-9]{2}[A-Za-z0-9]{6,40}"
}
