//! A provider whose endpoints are found through its issuer.

use super::{CodeChallengeMethod, Provider, UrlTemplate};
use crate::error::Result;
use crate::oauth::credentials::ClientAuthentication;
use crate::oauth::discovery::{ServerMetadata, check_issuer};

impl Provider {
    /// The issuer through which the endpoints are found; `None`: they are described.
    #[must_use]
    pub fn discovery_issuer(&self) -> Option<&str> {
        match &self.token_url {
            None => self.issuer.as_deref(),
            Some(_) => None,
        }
    }

    /// Checks the issuer, if the endpoints are found through it.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::error::Error::Configuration) unless metadata can be at its addresses.
    pub fn check_discovery_issuer(&self) -> Result<()> {
        let Some(issuer) = self.discovery_issuer() else { return Ok(()) };
        check_issuer(&self.option("issuer"), issuer, self.allow_insecure)
    }

    /// The provider with what the metadata of its server says and the description does not.
    pub(in crate::oauth) fn discovered(&self, metadata: &ServerMetadata) -> Self {
        let url = |found: &Option<String>| found.as_deref().map(UrlTemplate::new);
        let or_found = |own: &Option<UrlTemplate>, found| own.clone().or_else(|| url(found));
        let authentication = self.client_authentication;
        let challenge = self.code_challenge_method;
        Self {
            token_url: or_found(&self.token_url, &metadata.token_endpoint),
            authorization_url: or_found(&self.authorization_url, &metadata.authorization_endpoint),
            revocation_url: or_found(&self.revocation_url, &metadata.revocation_endpoint),
            client_authentication: authentication.or_else(|| authentication_of(metadata)),
            code_challenge_method: challenge.or_else(|| challenge_of(metadata)),
            ..self.clone()
        }
    }
}

/// `client_secret_basic` where it is known and `client_secret_post` is not; the former is what servers support whose
/// metadata does not say it (RFC 8414, section 2).
fn authentication_of(metadata: &ServerMetadata) -> Option<ClientAuthentication> {
    let Some(methods) = &metadata.token_endpoint_auth_methods_supported else {
        return Some(ClientAuthentication::Basic);
    };
    let supports = |name: &str| methods.iter().any(|method| method == name);
    let needs_basic = supports("client_secret_basic") && !supports("client_secret_post");
    needs_basic.then_some(ClientAuthentication::Basic)
}

/// No PKCE, if the server has another method than S256 only. One that does not say it may have it, and ignores what it
/// does not know.
fn challenge_of(metadata: &ServerMetadata) -> Option<CodeChallengeMethod> {
    let methods = metadata.code_challenge_methods_supported.as_ref()?;
    let lacks_s256 = !methods.iter().any(|method| method == "S256");
    lacks_s256.then_some(CodeChallengeMethod::None)
}

#[cfg(test)]
mod tests {
    use super::super::{ConnectionVariables, Endpoint};
    use super::*;

    fn found(given: &str, metadata: &str) -> Provider {
        let provider = Provider::described("acme", given).expect("is a description");
        let metadata = serde_json::from_str(metadata).expect("is metadata");
        provider.discovered(&metadata)
    }

    fn none() -> ConnectionVariables {
        ConnectionVariables::new()
    }

    const ISSUER: &str = r#"{"issuer":"https://as.example"}"#;

    #[test]
    fn what_the_description_says_wins() {
        let metadata = r#"{"token_endpoint":"https://as.example/t","revocation_endpoint":"https://as.example/r","token_endpoint_auth_methods_supported":["client_secret_basic"],"code_challenge_methods_supported":["plain"]}"#;
        let usual = found(ISSUER, metadata);
        assert_eq!(usual.url(Endpoint::Token, &none()).as_deref(), Ok("https://as.example/t"));
        assert_eq!(usual.client_authentication(), ClientAuthentication::Basic);
        assert_eq!(usual.code_challenge_method(), CodeChallengeMethod::None);
        let own = r#"{"issuer":"https://as.example","revocationUrl":"https://own.example/r","clientAuthentication":"client_secret_post","codeChallengeMethod":"S256"}"#;
        let own = found(own, metadata);
        assert_eq!(own.url(Endpoint::Revocation, &none()).as_deref(), Ok("https://own.example/r"));
        assert_eq!(own.client_authentication(), ClientAuthentication::Post);
        assert_eq!(own.code_challenge_method(), CodeChallengeMethod::S256);
    }

    #[test]
    fn a_method_is_chosen_that_the_server_has() {
        let authentication = |methods: &str| {
            let metadata = format!(r#"{{"token_endpoint":"https://as.example/t"{methods}}}"#);
            found(ISSUER, &metadata).client_authentication()
        };
        let of = r#","token_endpoint_auth_methods_supported":"#;
        assert_eq!(authentication(""), ClientAuthentication::Basic);
        let both = format!(r#"{of}["client_secret_basic","client_secret_post"]"#);
        assert_eq!(authentication(&both), ClientAuthentication::Post);
        assert_eq!(
            authentication(&format!(r#"{of}["private_key_jwt","client_secret_basic"]"#)),
            ClientAuthentication::Basic
        );
        assert_eq!(authentication(&format!(r#"{of}["none"]"#)), ClientAuthentication::Post);
        let silent = found(ISSUER, r#"{"token_endpoint":"https://as.example/t"}"#);
        assert_eq!(silent.code_challenge_method(), CodeChallengeMethod::S256);
    }
}
