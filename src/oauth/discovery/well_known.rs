//! The addresses at which the metadata of an issuer may be.

use reqwest::Url;

use super::super::endpoint_url::check_url;
use crate::error::{Error, Result};

/// Checks an issuer identifier (RFC 8414, section 2).
///
/// # Errors
/// [`Error::Configuration`] that names `option`.
pub(in crate::oauth) fn check_issuer(
    option: &str,
    issuer: &str,
    allow_insecure: bool,
) -> Result<()> {
    check_url(option.to_owned(), issuer, allow_insecure)?;
    match parsed(issuer) {
        Some(_) => Ok(()),
        None => Err(Error::configuration(
            option.to_owned(),
            "must be a URL without a query, a fragment or a user",
        )),
    }
}

fn parsed(issuer: &str) -> Option<Url> {
    let url = Url::parse(issuer).ok()?;
    let is_plain = url.query().is_none() && url.fragment().is_none();
    (is_plain && url.username().is_empty() && url.password().is_none()).then_some(url)
}

/// The addresses in the order in which they are asked: that of RFC 8414, section 3.1; that of OpenID Connect
/// Discovery, section 4.1, which servers have in most cases; and that of RFC 8414, section 5, for such servers.
pub(super) fn well_known(issuer: &str) -> Vec<String> {
    let Some(url) = parsed(issuer) else { return Vec::new() };
    let (origin, path) = (url.origin().ascii_serialization(), url.path().trim_end_matches('/'));
    let mut all = vec![
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
        format!("{origin}{path}/.well-known/openid-configuration"),
    ];
    if !path.is_empty() {
        all.push(format!("{origin}/.well-known/openid-configuration{path}"));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_with_a_path_has_three_addresses_and_one_without_has_two() {
        let of_path = [
            "https://as.example/.well-known/oauth-authorization-server/tenant/1",
            "https://as.example/tenant/1/.well-known/openid-configuration",
            "https://as.example/.well-known/openid-configuration/tenant/1",
        ];
        assert_eq!(well_known("https://as.example/tenant/1"), of_path);
        assert_eq!(well_known("https://as.example/tenant/1/"), of_path);
        let of_host = [
            "https://as.example/.well-known/oauth-authorization-server",
            "https://as.example/.well-known/openid-configuration",
        ];
        assert_eq!(well_known("https://as.example"), of_host);
        assert_eq!(well_known("https://as.example/"), of_host);
    }

    #[test]
    fn what_cannot_be_an_issuer_is_refused_by_name() {
        for issuer in ["https://as.example", "https://as.example/a/", "http://localhost:1/a"] {
            assert_eq!(check_issuer("o", issuer, false), Ok(()), "{issuer}");
        }
        for issuer in [
            "as.example",
            "http://as.example",
            "https://as.example/?a=1",
            "https://as.example/#a",
            "https://u:p@as.example/",
        ] {
            let refused = check_issuer("o", issuer, false).expect_err(issuer).to_string();
            assert!(refused.starts_with("o: must be"), "{refused}");
        }
    }
}
