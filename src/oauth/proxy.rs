//! The HTTP proxy of the environment, as google-auth-library uses it: `HTTPS_PROXY` or `HTTP_PROXY` for every
//! request, except to hosts of `NO_PROXY`. Requests to this machine never use it.

use reqwest::{NoProxy, Proxy, Url};

use crate::error::{Error, Result};

/// The variables as the environment has them.
#[derive(Debug, Clone, Default)]
pub struct ProxyVariables {
    /// `HTTPS_PROXY`, or else `HTTP_PROXY`; may contain a password.
    pub url: Option<String>,
    /// `NO_PROXY`.
    pub no_proxy: Option<String>,
}

/// This machine.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

impl ProxyVariables {
    /// The proxy; `None`: there is none.
    ///
    /// # Errors
    /// [`Error::Configuration`] unless it is the URL of an HTTP proxy.
    pub(super) fn proxy(&self) -> Result<Option<Proxy>> {
        let Some(url) = self.url.as_deref().filter(|url| !url.is_empty()) else { return Ok(None) };
        let invalid = || {
            let reason = "must be the URL of an HTTP proxy, such as http://proxy.example:3128";
            Error::configuration("HTTPS_PROXY", reason)
        };
        // Without a scheme, as curl takes it.
        let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let parsed = Url::parse(&url).map_err(|_| invalid())?;
        if !["http", "https"].contains(&parsed.scheme()) || !parsed.has_host() {
            return Err(invalid());
        }
        let proxy = Proxy::all(parsed).map_err(|_| invalid())?;
        Ok(Some(proxy.no_proxy(NoProxy::from_string(&self.excluded()))))
    }

    /// The hosts without a proxy. `*.example.com` means what `.example.com` does.
    fn excluded(&self) -> String {
        let named = self.no_proxy.as_deref().unwrap_or_default().split(',').map(str::trim);
        let named = named.map(|host| {
            host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host)
        });
        std::iter::once(LOOPBACK).chain(named).collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Result<Option<Proxy>> {
        ProxyVariables { url: Some(url.to_owned()), no_proxy: None }.proxy()
    }

    #[test]
    fn what_is_no_http_proxy_is_refused_without_repeating_it() {
        for good in ["http://proxy:3128", "proxy.example:3128", "https://u:p@proxy", "10.0.0.1:80"]
        {
            assert!(of(good).is_ok_and(|proxy| proxy.is_some()), "{good}");
        }
        for bad in ["socks5://u:hunter2@proxy", "http://", "://", "ftp://proxy"] {
            let refused = of(bad).expect_err(bad).to_string();
            assert!(
                refused.starts_with("HTTPS_PROXY: ") && !refused.contains("hunter2"),
                "{refused}"
            );
        }
        assert!(of("").is_ok_and(|proxy| proxy.is_none()));
    }

    #[test]
    fn hosts_with_a_wildcard_are_excluded_as_those_with_a_dot() {
        let no_proxy = Some(" *.corp.example , api.example,*".to_owned());
        let excluded = ProxyVariables { url: None, no_proxy }.excluded();
        assert_eq!(excluded, "localhost,127.0.0.0/8,::1,.corp.example,api.example,*");
    }
}
