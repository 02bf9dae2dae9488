//! The answers that providers document, through the code that judges them: success, and every class of error.
//! `answers/NAME.json` has those of `providers/NAME.json`.

use std::fs;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokenkeep::error::Error;
use tokenkeep::oauth::{BUILT_IN_NAMES, HttpResponse, Provider, Verdict, judge};
use zeroize::Zeroizing;

/// An answer of a token endpoint.
#[derive(Deserialize)]
struct Answer {
    what: String,
    status: u16,
    /// A string is a body that is not JSON.
    body: Value,
    /// `tokens`, `refused`, or a meaning.
    gives: String,
    /// The code in the error.
    code: Option<String>,
}

fn answers(name: &str) -> Vec<Answer> {
    let path =
        format!("{}/__test__/rust/providers/answers/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What a verdict gives, and its code.
fn given(verdict: &Verdict) -> (&'static str, Option<String>) {
    match verdict {
        Verdict::Granted(_) => ("tokens", None),
        Verdict::InvalidGrant(refusal) => ("grant_dead", Some(refusal.code.clone())),
        Verdict::ClientRejected(Error::ClientRejected { error }) => {
            ("client_rejected", Some(error.to_string()))
        }
        Verdict::Transient(Error::ProviderThrottled { .. }, _) => ("throttled", None),
        Verdict::Transient(..) => ("unavailable", None),
        Verdict::Ambiguous(_) => ("outcome_unknown", None),
        Verdict::Refused(Error::ProviderRefused { reason, .. }) => {
            ("refused", Some(reason.to_string()))
        }
        _ => ("another error", None),
    }
}

#[test]
fn every_documented_answer_is_understood() {
    for name in BUILT_IN_NAMES {
        let provider = Provider::built_in(name).unwrap_or_else(|| panic!("{name} is built in"));
        let answers = answers(name);
        assert!(answers.iter().any(|answer| answer.gives == "tokens"), "{name} has no success");
        for Answer { what, status, body, gives, code } in answers {
            let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
            let response =
                HttpResponse { status, retry_after: None, body: Zeroizing::new(text.into_bytes()) };
            let (given, told) = given(&judge(&response, &provider, Duration::ZERO));
            let expected = match gives.as_str() {
                "user_action" => "grant_dead",
                "administrator" | "misconfigured" => "refused",
                other => other,
            };
            assert_eq!(given, expected, "{name}: {what}");
            if let (Some(code), Some(told)) = (code, told) {
                assert_eq!(told, code, "{name}: {what}");
            }
        }
    }
}

#[test]
fn every_fact_has_a_source() {
    for name in BUILT_IN_NAMES {
        let path = format!("{}/providers/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(&path).expect("is readable");
        let file: Value = serde_json::from_str(&text).expect("is JSON");
        let sources = file["sources"].as_object().expect("has sources");
        assert!(!sources.is_empty(), "{name}");
    }
}
