//! Any bytes where a token response should be, with any status: granted only if an access token is
//! there, never where the table of answers says otherwise, and no refusal repeats a secret. The
//! first line is the status and `Retry-After`, the rest is the body.

#![no_main]

use std::fmt;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use tokenkeep::error::Error;
use tokenkeep::oauth::{Expiry, HttpResponse, Provider, TokenResponse, Verdict, judge};
use zeroize::Zeroizing;

const WALL: Duration = Duration::from_secs(784_111_777);
const TEN_YEARS: Duration = Duration::from_secs(315_360_000);

fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (line, body) = (&input[..end], input.get(end + 1..).unwrap_or_default());
    let line = String::from_utf8_lossy(line);
    let (status, header) = line.split_once(' ').unwrap_or((&line, ""));
    let status = status.parse().unwrap_or(200);
    let header = (!header.is_empty()).then(|| header.to_owned());
    for status in [status, 200, 400] {
        let response = HttpResponse {
            status,
            retry_after: header.clone(),
            body: Zeroizing::new(body.to_vec()),
        };
        holds(status, body, &judge(&response, Provider::google(), WALL));
    }
});

fn holds(status: u16, body: &[u8], verdict: &Verdict) {
    match (status, verdict) {
        (200..=299, Verdict::Granted(tokens)) => granted(body, tokens),
        (_, Verdict::Granted(_)) => panic!("{status} is no success"),
        (300..=399, Verdict::Refused(error)) => quiet(body, error),
        (300..=399, _) => panic!("a redirect is refused"),
        (429, Verdict::Transient(error @ Error::ProviderThrottled { .. }, _)) => quiet(body, error),
        (429, _) => panic!("429 asks to slow down"),
        (500..=599, Verdict::Transient(error, _) | Verdict::Ambiguous(error)) => quiet(body, error),
        (500..=599, _) => panic!("{status} says nothing about the grant or the application"),
        (_, Verdict::InvalidGrant(_)) => {}
        (
            _,
            Verdict::ClientRejected(error)
            | Verdict::Transient(error, _)
            | Verdict::Ambiguous(error)
            | Verdict::Refused(error),
        ) => quiet(body, error),
    }
}

fn granted(body: &[u8], tokens: &TokenResponse) {
    // Bytes that are no UTF-8 may stand in another member, and a byte order mark before the object.
    let body = String::from_utf8_lossy(body);
    let body = body.strip_prefix('\u{feff}').unwrap_or(&body);
    let mut json = serde_json::Deserializer::from_str(body);
    let found = json.deserialize_map(AccessToken).expect("an object with an access_token");
    assert_eq!(found, tokens.access_token.expose());
    let texts =
        [Some(tokens.access_token.expose()), tokens.refresh_token.as_ref().map(|t| t.expose())];
    for text in texts.into_iter().flatten() {
        assert!((1..=64 * 1024).contains(&text.len()) && !text.contains('\0'));
    }
    let Expiry::In(lifetime) = tokens.expiry else { panic!("a moment that nobody named") };
    assert!((Duration::from_secs(1)..=TEN_YEARS).contains(&lifetime));
    let api_domain = &tokens.api_domain;
    assert!(api_domain.iter().all(|text| (1..=1024).contains(&text.len()) && !text.contains('\0')));
    let scopes = &tokens.scopes;
    let is_text = |text: &String| (1..=1024).contains(&text.len()) && !text.contains('\0');
    assert!(scopes.iter().flat_map(|scopes| &scopes.0).all(is_text));
    let refresh_token = tokens.refresh_token.as_ref().map(|_| "RefreshToken(redacted)");
    assert_eq!(
        format!("{tokens:?}").replace('"', ""),
        format!(
            "TokenResponse {{ access_token: AccessToken(redacted), refresh_token: {refresh_token:?}, expiry: In({lifetime:?}), api_domain: {api_domain:?}, scopes: {scopes:?}, metadata: {:?} }}",
            tokens.metadata
        )
        .replace('"', "")
    );
}

/// An error code is a known word; what has digits or dots in it and is longer may be part of a token.
fn quiet(body: &[u8], error: &Error) {
    let printed = format!("{error} {error:?}");
    let body = String::from_utf8_lossy(body);
    let words = body.split(|c: char| !c.is_ascii_alphanumeric() && !"._~+/=-".contains(c));
    let secret = |word: &&str| {
        word.len() >= 8
            && word.contains(|c: char| c.is_ascii_digit() || "./~+=".contains(c))
            && word.parse::<f64>().is_err()
    };
    for word in words.filter(secret) {
        assert!(!printed.contains(word), "{printed}");
    }
}

/// Reads the member `access_token` of an object, and of nothing else.
struct AccessToken;

impl<'de> Visitor<'de> for AccessToken {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with an access_token")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<String, A::Error> {
        let mut found = None;
        while let Some(name) = members.next_key::<String>()? {
            if name == "access_token" {
                found = Some(members.next_value()?);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        found.ok_or_else(|| serde::de::Error::missing_field("access_token"))
    }
}
