//! The metadata of an authorization server (RFC 8414, section 2).

use serde::Deserialize;
use tokio::time::Instant;

use super::super::endpoint_url::check_url;
use super::super::http::HttpClient;
use super::document::document;
use super::well_known::well_known;
use super::{Failure, Kind};

/// What is read of the metadata. `None`: it does not say.
#[derive(Debug, Deserialize)]
pub(in crate::oauth) struct ServerMetadata {
    issuer: Option<String>,
    pub(in crate::oauth) authorization_endpoint: Option<String>,
    pub(in crate::oauth) token_endpoint: Option<String>,
    pub(in crate::oauth) revocation_endpoint: Option<String>,
    pub(in crate::oauth) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    pub(in crate::oauth) code_challenge_methods_supported: Option<Vec<String>>,
    pub(in crate::oauth) authorization_response_iss_parameter_supported: Option<bool>,
}

impl ServerMetadata {
    /// The metadata of an issuer, from the first of its addresses that has it.
    pub(super) async fn fetch(
        http: &dyn HttpClient,
        issuer: &str,
        allow_insecure: bool,
        deadline: Instant,
    ) -> Result<Self, Failure> {
        let urls = well_known(issuer);
        let mut failures: Vec<Failure> = Vec::new();
        for url in &urls {
            let read = document::<Self>(http, url, deadline).await;
            let checked = read.and_then(|found| {
                let fault = found.fault(issuer, allow_insecure);
                fault.map_or(Ok(found), |why| Err(Failure::new(url, Kind::Wrong, why)))
            });
            match checked {
                Ok(metadata) => return Ok(metadata),
                Err(failure) if failure.kind == Kind::Unreachable => return Err(failure),
                Err(failure) => failures.push(failure),
            }
        }
        let wrong = failures.iter().find(|failure| failure.kind == Kind::Wrong);
        let first = wrong.or(failures.first()).cloned();
        let mut failure = first.unwrap_or_else(|| Failure::new(issuer, Kind::Absent, "no URL"));
        if failure.kind == Kind::Absent {
            failure.url = urls.join(" and ");
        }
        Err(failure)
    }

    /// Why it must not be used.
    fn fault(&self, issuer: &str, allow_insecure: bool) -> Option<&'static str> {
        // RFC 8414, section 3.3: otherwise one server could publish the endpoints of another.
        match &self.issuer {
            Some(named) if named == issuer => {}
            Some(_) => {
                return Some(
                    "the document is of another issuer. The option issuer must be exactly what the document calls it, down to a slash at the end",
                );
            }
            None => return Some("the document names no issuer"),
        }
        if self.token_endpoint.is_none() {
            return Some("the document has no token_endpoint");
        }
        let endpoints =
            [&self.token_endpoint, &self.authorization_endpoint, &self.revocation_endpoint];
        // A server with TLS cannot send secrets elsewhere without it, not even to this machine.
        let has_tls = issuer.starts_with("https:");
        let is_allowed = |url: &String| {
            (url.starts_with("https:") || !has_tls)
                && check_url("", url, allow_insecure).is_ok()
                && !url.contains(['{', '}'])
        };
        let all_are_allowed = endpoints.into_iter().flatten().all(is_allowed);
        (!all_are_allowed).then_some("an endpoint in the document is no https:// URL")
    }
}
