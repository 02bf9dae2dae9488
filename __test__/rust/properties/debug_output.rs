//! `Debug` of what holds secrets in plain fields.

use std::fmt::Debug;

use tokenkeep::connect::{AuthorizationResponse, Begin};
use tokenkeep::oauth::{AuthorizationRequest, ConnectionVariables};
use tokenkeep::refresh::RowVersion;

const SECRET: &str = "ya29.secret";

fn assert_silent(value: &impl Debug) {
    for printed in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!printed.contains(SECRET) && printed.contains("redacted"), "{printed}");
    }
}

#[test]
fn a_row_version_prints_no_token_that_stands_in_plaintext() {
    assert_silent(&RowVersion { refresh: Some(SECRET.into()), access: Some(SECRET.into()) });
}

#[test]
fn an_authorization_request_prints_neither_state_nor_code_verifier() {
    assert_silent(&AuthorizationRequest {
        redirect_uri: "https://app.example/cb",
        scopes: &[],
        state: SECRET,
        code_verifier: SECRET,
        variables: &ConnectionVariables::new(),
    });
}

#[test]
fn what_a_browser_comes_and_goes_with_prints_no_code_and_no_session() {
    let secret = || Some(SECRET.to_owned());
    assert_silent(&AuthorizationResponse {
        state: SECRET.to_owned(),
        code: secret(),
        error: secret(),
        browser: secret(),
        ..AuthorizationResponse::default()
    });
    let (user_id, scopes, return_to) = ("user".to_owned(), vec![], None);
    assert_silent(&Begin { user_id, browser: secret(), scopes, return_to, at: None });
}
