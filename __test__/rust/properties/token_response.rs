//! Judging answers of a token endpoint.

use std::time::Duration;

use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokenkeep::error::Error;
use tokenkeep::oauth::{Expiry, HttpResponse, Provider, Verdict, judge};
use zeroize::Zeroizing;

use super::{letters, secret, text, tries};

const MEMBERS: [&str; 8] = [
    "access_token",
    "refresh_token",
    "expires_in",
    "expires_in_sec",
    "error",
    "error_description",
    "error_codes",
    "scope",
];
const CODES: [&str; 13] = [
    "invalid_grant",
    "invalid_code",
    "invalid_client",
    "unauthorized_client",
    "invalid_client_secret",
    "invalid_scope",
    "temporarily_unavailable",
    "server_error",
    "slow_down",
    "Access Denied",
    "login_required",
    "fatal_error",
    "",
];

fn answer(status: u16, body: &[u8]) -> Verdict {
    let body = Zeroizing::new(body.to_vec());
    judge(&HttpResponse { status, retry_after: None, body }, Provider::google(), Duration::ZERO)
}

/// Any JSON whose members have the names that matter.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text(20).prop_map(Value::from),
        proptest::sample::select(&CODES[..]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let name = proptest::sample::select(&MEMBERS[..]).prop_map(str::to_owned);
        prop_oneof![
            3 => hash_map(name, inner.clone(), 0..6).prop_map(|map| json!(map)),
            1 => vec(inner, 0..6).prop_map(Value::from),
        ]
    })
}

fn status() -> impl Strategy<Value = u16> {
    prop_oneof![2 => Just(200), 2 => 200_u16..600, 1 => any::<u16>()]
}

proptest! {
    #![proptest_config(tries(2_000))]

    #[test]
    fn tokens_are_granted_only_by_a_success_that_has_them(status in status(), body in any_json()) {
        let verdict = answer(status, body.to_string().as_bytes());
        let Verdict::Granted(tokens) = verdict else { return Ok(()) };
        prop_assert!((200..300).contains(&status));
        prop_assert_eq!(body["access_token"].as_str(), Some(tokens.access_token.expose()));
        prop_assert!(body["error"].is_null() || body["error"] == "");
        let is_token = |token: &&str| !token.is_empty() && !token.contains('\0');
        let refresh_token = body["refresh_token"].as_str().filter(is_token);
        prop_assert_eq!(tokens.refresh_token.as_ref().map(|token| token.expose()), refresh_token);
        let Expiry::In(lifetime) = tokens.expiry else { panic!("a moment that nobody named") };
        prop_assert!((1..=315_360_000).contains(&lifetime.as_secs()), "{:?}", lifetime);
    }

    #[test]
    fn a_good_answer_is_granted(
        access_token in secret(),
        refresh_token in proptest::option::of(secret()),
        seconds in 1_u32..315_360_000,
        as_text: bool,
    ) {
        let expires_in = if as_text { json!(seconds.to_string()) } else { json!(seconds) };
        let body = json!({ "access_token": access_token, "refresh_token": refresh_token, "expires_in": expires_in });
        let Verdict::Granted(tokens) = answer(200, body.to_string().as_bytes()) else {
            panic!("is granted");
        };
        prop_assert_eq!(tokens.access_token.expose(), access_token);
        prop_assert_eq!(tokens.refresh_token.map(|token| token.expose().to_owned()), refresh_token);
        prop_assert_eq!(tokens.expiry, Expiry::In(Duration::from_secs(u64::from(seconds))));
    }

    #[test]
    fn a_lifetime_is_from_a_second_to_ten_years_and_costs_no_token(
        seconds in prop_oneof![any::<f64>(), 0.0..2.0, 3e8..3.3e8],
        as_text: bool,
    ) {
        let expires_in = if as_text { json!(seconds.to_string()) } else { json!(seconds) };
        let body = json!({ "access_token": "at", "expires_in": expires_in });
        let Verdict::Granted(tokens) = answer(200, body.to_string().as_bytes()) else {
            panic!("is granted");
        };
        let Expiry::In(lifetime) = tokens.expiry else { panic!("a moment that nobody named") };
        let expected = if seconds >= 1.0 { seconds.min(315_360_000.0) } else { 3_600.0 };
        prop_assert_eq!(lifetime, Duration::from_secs_f64(expected));
    }

    #[test]
    fn tokens_are_granted_whatever_stands_beside_an_access_token(
        access_token in secret(),
        mut body in any_json(),
    ) {
        if !body.is_object() {
            body = json!({ "expires_in": body, "refresh_token": body });
        }
        body["access_token"] = json!(access_token);
        body["error"] = Value::Null;
        let Verdict::Granted(tokens) = answer(200, body.to_string().as_bytes()) else {
            panic!("is granted");
        };
        prop_assert_eq!(tokens.access_token.expose(), access_token);
    }

    #[test]
    fn no_verdict_repeats_a_secret_of_the_body(
        status in status(),
        secret in prop_oneof![secret(), letters()],
        before in "[ -~]{0,20}",
        mut body in any_json(),
        at in proptest::sample::select(&MEMBERS[..]),
        in_object: bool,
    ) {
        let sentence = format!("{before}{secret}");
        let value = if in_object { json!({ "status": sentence }) } else { json!(sentence) };
        match body.as_object_mut() {
            Some(members) => drop(members.insert(at.to_owned(), value)),
            None => body = json!({ at: value }),
        }
        let verdict = answer(status, body.to_string().as_bytes());
        prop_assert!(!format!("{verdict:?}").contains(&secret), "{:?}", verdict);
    }

    #[test]
    fn any_bytes_with_any_status_are_judged(status in status(), body: Vec<u8>) {
        let granted = matches!(answer(status, &body), Verdict::Granted(_));
        prop_assert!(!granted || body.trim_ascii_start().first() == Some(&123));
    }
}

#[test]
fn a_status_alone_never_ends_a_connection_or_grants() {
    for status in 0..=u16::MAX {
        for body in [&b""[..], b"{}", b"<html>"] {
            let verdict = answer(status, body);
            assert!(!matches!(verdict, Verdict::Granted(_) | Verdict::InvalidGrant(_)), "{status}");
        }
    }
}

#[test]
fn a_token_that_no_store_takes_is_not_granted() {
    for (bytes, granted) in [(65_535, true), (65_536, true), (65_537, false)] {
        let long = "x".repeat(bytes);
        match answer(200, json!({ "access_token": long }).to_string().as_bytes()) {
            Verdict::Granted(_) => assert!(granted, "an access token of {bytes} bytes"),
            Verdict::Ambiguous(Error::ProviderResponse { .. }) => assert!(!granted),
            verdict => panic!("{verdict:?}"),
        }
        let body = json!({ "access_token": "at", "refresh_token": long }).to_string();
        let Verdict::Granted(tokens) = answer(200, body.as_bytes()) else { panic!("is granted") };
        assert_eq!(tokens.refresh_token.is_some(), granted, "a refresh token of {bytes} bytes");
    }
}
