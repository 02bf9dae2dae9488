//! The check of endpoint URLs.

use std::borrow::Cow;

use crate::error::{Error, Result};

/// Checks a token, revocation or authorization endpoint. RFC 6749 requires TLS (sections 3.1 and 3.2); plain
/// HTTP is allowed for this machine only, unless `allow_insecure`.
///
/// # Errors
/// [`Error::Configuration`] that names `option`.
pub(super) fn check_url(
    option: impl Into<Cow<'static, str>>,
    url: &str,
    allow_insecure: bool,
) -> Result<()> {
    let parsed = reqwest::Url::parse(url).ok();
    let host = parsed.as_ref().and_then(reqwest::Url::host_str);
    let reason = match (parsed.as_ref().map(reqwest::Url::scheme), host) {
        (Some("https"), Some(_)) => return Ok(()),
        (Some("http"), Some(host)) if allow_insecure || is_loopback(host) => return Ok(()),
        (Some("http"), Some(_)) => {
            "must begin with https://, because tokens and the client secret are sent there. In a trusted network, set allowInsecureRequests (TOKENKEEP_ALLOW_INSECURE_REQUESTS=1)"
        }
        _ => "must be an https:// URL, or an http:// URL of this machine",
    };
    Err(Error::configuration(option.into(), reason))
}

/// Whether requests to this host stay on this machine.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let address = address.parse::<std::net::IpAddr>();
    match address {
        Ok(address) => address.to_canonical().is_loopback(),
        // RFC 6761, section 6.3.
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_taken_on_this_machine_alone() {
        for host in ["127.0.0.1:1", "127.9.9.9", "[::1]:80", "localhost:3000", "a.localhost"] {
            assert_eq!(check_url("o", &format!("http://{host}/token"), false), Ok(()), "{host}");
        }
        for host in ["proxy.example", "10.0.0.1", "localhost.example", "0.0.0.0", "[fe80::1]"] {
            let url = format!("http://{host}/token");
            let refused = check_url("o", &url, false).expect_err("is refused").to_string();
            assert!(refused.starts_with("o: must begin with https://"), "{refused}");
            assert!(!refused.contains(host), "{refused}");
            assert_eq!(check_url("o", &url, true), Ok(()), "{host}");
        }
        assert_eq!(check_url("o", "https://proxy.example/token", false), Ok(()));
        for url in ["", "proxy.example", "ftp://127.0.0.1/", "https:///", "http://"] {
            assert!(check_url("o", url, true).is_err(), "{url}");
        }
    }
}
