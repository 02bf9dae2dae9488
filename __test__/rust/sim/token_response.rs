//! The provider's answers as HTTP bodies, judged by `src/oauth`.

use std::time::Duration;

use tokenkeep::error::Error;
use tokenkeep::oauth::{HttpResponse, Provider, Verdict, judge};
use zeroize::Zeroizing;

use super::provider::Grant;
use super::random::Random;

/// Longer than any schedule, and than the longest lifetime that is believed.
const LONG: Duration = Duration::from_secs(1_000_000_000);

/// Odd lifetimes that real providers have answered with.
const ODD: [&str; 8] = [
    "",
    r#","expires_in":null"#,
    r#","expires_in":0"#,
    r#","expires_in":-1"#,
    r#","expires_in":631138518"#,
    r#","expires_in":1e99"#,
    r#","expires_in":"soon""#,
    r#","expires_in":3600000,"expires_in_sec":3600"#,
];

/// The lifetime of an access token, and how the answer states it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetime {
    pub(crate) real: Duration,
    odd: Option<&'static str>,
}

impl Lifetime {
    pub(crate) fn usual(real: Duration) -> Self {
        Self { real, odd: None }
    }

    pub(crate) fn odd(random: &mut Random) -> Self {
        Self { real: LONG, odd: Some(random.pick(&ODD)) }
    }
}

fn judged(status: u16, body: String) -> Verdict {
    let body = Zeroizing::new(body.into_bytes());
    let response = HttpResponse { status, retry_after: None, body };
    judge(&response, &Provider::default(), Duration::ZERO)
}

pub(crate) fn refused() -> Verdict {
    judged(400, r#"{"error":"invalid_grant"}"#.to_owned())
}

/// A success. Without `repaired`, an odd lifetime makes it an unknown outcome.
pub(crate) fn granted(grant: Grant, rotates: bool, lifetime: &Lifetime, repaired: bool) -> Verdict {
    let access = grant.access.access_token();
    let refresh = match rotates {
        true => format!(r#","refresh_token":"{}""#, grant.refresh.refresh_token()),
        false => String::new(),
    };
    let body = |lifetime: &str| format!(r#"{{"access_token":"{access}"{refresh}{lifetime}}}"#);
    let usual = || format!(r#","expires_in":{}"#, lifetime.real.as_secs());
    match lifetime.odd {
        None => judged(200, body(&usual())),
        Some(odd) if repaired => match judged(200, body(odd)) {
            // An unreadable lifetime becomes the provider's default.
            Verdict::Ambiguous(_) => judged(200, body("")),
            verdict => verdict,
        },
        Some(_) => {
            let reason = "the answer's expires_in is absurd".into();
            Verdict::Ambiguous(Error::ProviderResponse { reason })
        }
    }
}
