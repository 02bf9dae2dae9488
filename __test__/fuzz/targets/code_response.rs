//! Any bytes where the answer to an authorization code should be: granted only if an access token is
//! there, an account named only by an ID token for this client, and no refusal says more than why.

#![no_main]

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tokenkeep::error::Error;
use tokenkeep::oauth::{
    AuthorizationServer, Boxed, ClientCredentials, ConnectionVariables, Grant, HttpClient,
    HttpFailure, HttpRequest, HttpResponse, Provider,
};
use zeroize::Zeroizing;

const CLIENT: &str = "client";

/// Answers with these bytes.
struct Answer(u16, Vec<u8>);

impl HttpClient for Answer {
    fn send<'a>(&'a self, _: HttpRequest) -> Boxed<'a, Result<HttpResponse, HttpFailure>> {
        let response = HttpResponse {
            status: self.0,
            retry_after: None,
            body: Zeroizing::new(self.1.clone()),
        };
        Box::pin(async move { Ok(response) })
    }
}

fuzz_target!(|body: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime can be built");
    for status in [200, 400, 500] {
        let client = ClientCredentials::new(CLIENT, "secret");
        let http = Arc::new(Answer(status, body.to_vec()));
        let server = AuthorizationServer::new(Provider::google().clone(), client, http);
        let server = server.expect("the endpoints are Google's");
        let none = ConnectionVariables::new();
        match runtime.block_on(server.exchange(
            "code",
            "https://app/cb",
            "verifier",
            &none,
            Duration::ZERO,
        )) {
            Ok(grant) => granted(status, body, &grant),
            Err(Error::Authorization { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
});

fn granted(status: u16, body: &[u8], grant: &Grant) {
    assert_eq!(status, 200, "only a success grants");
    // What stands in fields that nobody reads is not checked to be text.
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return };
    assert_eq!(body["access_token"].as_str(), Some(grant.access_token.expose()));
    for scope in grant.scopes.iter().flatten() {
        assert!((1..=1024).contains(&scope.len()) && !scope.contains('\0'));
        assert!(body["scope"].as_str().is_some_and(|all| all.contains(scope.as_str())));
    }
    let Some(subject) = &grant.subject else { return };
    let id_token = body["id_token"].as_str().expect("an ID token names an account");
    let claims = id_token.split('.').nth(1).expect("an ID token has claims");
    let claims = URL_SAFE_NO_PAD.decode(claims).expect("the claims are base64url");
    let claims: Value = serde_json::from_slice(&claims).expect("the claims are JSON");
    assert_eq!(claims["sub"].as_str(), Some(subject.as_str()));
    let is_client = |audience: &Value| audience == CLIENT;
    let audience = &claims["aud"];
    assert!(
        is_client(audience) || audience.as_array().is_some_and(|all| all.iter().any(is_client))
    );
}
