//! Whatever a `refreshFn` throws or returns: only what says that the grant is dead ends a connection, no
//! error repeats what was thrown, and an access token that can be stored is granted whatever stands
//! beside it. Each line of the input is `field=value`.

#![no_main]

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tokenkeep::config::{
    TEXT_MAX_BYTES, TIMESTAMP_MAX_MS, TIMESTAMP_MIN_MS, TOKEN_MAX_BYTES, check_text,
};
use tokenkeep::error::Error;
use tokenkeep::oauth::{
    Boxed, Expiry, RefreshFn, RefreshFnAnswer, RefreshFnTokens, Thrown, TokenEndpoint, Verdict,
    judge_thrown,
};
use tokenkeep::secret::{AccessToken, RefreshToken};

/// What says that a grant is dead, whoever throws it.
const DEAD: [&str; 6] = [
    "invalid_grant",
    "invalid_code",
    "interaction_required",
    "login_required",
    "account_selection_required",
    "consent_required",
];

const CAUSE: u32 = 4_294_967_291;

fuzz_target!(|text: &str| {
    let field = |name: &str| {
        let mut lines = text.split('\n').filter_map(|line| line.split_once('='));
        lines.find(|(found, _)| *found == name).map(|(_, value)| value.to_owned())
    };
    threw(&Thrown {
        cause_id: CAUSE,
        message: field("message").unwrap_or_default(),
        name: field("name"),
        code: field("code"),
        status: field("status").and_then(|status| status.parse().ok()),
        error: field("error"),
        description: field("description"),
    });
    returned(RefreshFnTokens {
        access_token: AccessToken::new(field("accessToken").unwrap_or_default()),
        refresh_token: field("refreshToken").map(RefreshToken::new),
        expiry_date_ms: field("expiryDate").and_then(|ms| ms.parse().ok()).unwrap_or(f64::NAN),
        scopes: field("scopes").map(|text| text.split(' ').map(str::to_owned).collect()),
    });
});

fn threw(thrown: &Thrown) {
    let says_dead = thrown.message.contains("invalid_grant")
        || thrown.error.as_deref().is_some_and(|error| DEAD.contains(&error));
    match judge_thrown(thrown) {
        Verdict::InvalidGrant(_) => assert!(says_dead),
        Verdict::ClientRejected(error)
        | Verdict::Transient(error, None)
        | Verdict::Ambiguous(error)
        | Verdict::Refused(error) => {
            assert!(matches!(error, Error::RefreshFn { cause_id: CAUSE, .. }));
        }
        verdict => panic!("{verdict:?}"),
    }
}

fn returned(tokens: RefreshFnTokens) {
    let is_token =
        |text: &str| !text.is_empty() && text.len() <= TOKEN_MAX_BYTES && !text.contains('\0');
    let refresh_token = tokens.refresh_token.clone().filter(|token| is_token(token.expose()));
    let storable = is_token(tokens.access_token.expose());
    let is_time =
        tokens.expiry_date_ms >= TIMESTAMP_MIN_MS && tokens.expiry_date_ms <= TIMESTAMP_MAX_MS;
    let refresh_fn = Returning(tokens.clone());
    let token = RefreshToken::new("1//old");
    let judged = pin!(refresh_fn.refresh(&token, Duration::MAX, Duration::ZERO));
    let Poll::Ready(verdict) = judged.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("waits for nothing");
    };
    match verdict {
        Verdict::Granted(granted) => {
            assert!(storable);
            assert!(granted.access_token.is_same(&tokens.access_token));
            assert_eq!(granted.refresh_token.is_some(), refresh_token.is_some());
            match granted.expiry {
                Expiry::AtMs(at_ms) => {
                    assert!(is_time && (at_ms as f64 - tokens.expiry_date_ms).abs() < 1.0);
                }
                Expiry::In(_) => assert!(!is_time),
                Expiry::Never => panic!("a refreshFn does not say that"),
            }
            // Scopes that are none cost no token: the stored ones stay.
            let is_text = |text: &String| check_text("scopes", text, TEXT_MAX_BYTES).is_ok();
            let scopes = tokens.scopes.filter(|scopes| scopes.iter().all(is_text));
            assert_eq!(granted.scopes.map(|scopes| scopes.0), scopes);
        }
        Verdict::Ambiguous(Error::ProviderResponse { .. }) => assert!(!storable),
        verdict => panic!("{verdict:?}"),
    }
}

struct Returning(RefreshFnTokens);

impl RefreshFn for Returning {
    fn call<'a>(&'a self, _: &'a RefreshToken, _: Duration) -> Boxed<'a, RefreshFnAnswer> {
        Box::pin(async { RefreshFnAnswer::Returned(self.0.clone()) })
    }
}
