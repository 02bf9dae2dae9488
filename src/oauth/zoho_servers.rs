//! Zoho's accounts servers.

use std::borrow::Cow;

use super::endpoint_url::check_url;
use crate::error::{Error, Result};

/// Zoho's accounts servers, one per data centre, and their token endpoints
/// (<https://www.zoho.com/accounts/protocol/oauth/multi-dc.html>, WorkDrive's list for .ae).
const ZOHO_SERVERS: [(&str, &str); 10] = [
    ("https://accounts.zoho.com", "https://accounts.zoho.com/oauth/v2/token"),
    ("https://accounts.zoho.eu", "https://accounts.zoho.eu/oauth/v2/token"),
    ("https://accounts.zoho.in", "https://accounts.zoho.in/oauth/v2/token"),
    ("https://accounts.zoho.com.au", "https://accounts.zoho.com.au/oauth/v2/token"),
    ("https://accounts.zoho.jp", "https://accounts.zoho.jp/oauth/v2/token"),
    ("https://accounts.zohocloud.ca", "https://accounts.zohocloud.ca/oauth/v2/token"),
    ("https://accounts.zoho.sa", "https://accounts.zoho.sa/oauth/v2/token"),
    ("https://accounts.zoho.com.cn", "https://accounts.zoho.com.cn/oauth/v2/token"),
    ("https://accounts.zoho.uk", "https://accounts.zoho.uk/oauth/v2/token"),
    ("https://accounts.zoho.ae", "https://accounts.zoho.ae/oauth/v2/token"),
];

/// Additional accounts servers of Zoho, from options.
#[derive(Debug, Clone, Default)]
pub struct ZohoServers(Vec<String>);

impl ZohoServers {
    /// Parses origins such as `https://accounts.zoho.xx`, separated by commas.
    ///
    /// # Errors
    /// [`Error::Configuration`] unless each is an https origin, or an http origin of this machine or with
    /// `allow_insecure`.
    pub fn parse(text: &str, allow_insecure: bool) -> Result<Self> {
        let option = "zohoAccountsServers";
        let named = text.split(',').map(str::trim).filter(|text| !text.is_empty());
        let servers = named.map(|server| {
            let server = server.trim_end_matches('/');
            check_url(option, server, allow_insecure)?;
            let origin = reqwest::Url::parse(server).map(|url| url.origin().ascii_serialization());
            match origin {
                Ok(origin) if origin == server => Ok(origin),
                _ => Err(Error::configuration(
                    option,
                    "must be origins such as https://accounts.zoho.xx, without a path",
                )),
            }
        });
        servers.collect::<Result<_>>().map(Self)
    }

    /// The token endpoint of an accounts server, which Zoho returns as `accounts-server`; without one, that of
    /// the first. Only known servers are allowed: a row must not decide where the client secret is sent.
    ///
    /// # Errors
    /// [`Error::Configuration`] for an unknown server.
    pub fn token_url(&self, accounts_server: Option<&str>) -> Result<Cow<'static, str>> {
        let Some(named) = accounts_server else { return Ok(ZOHO_SERVERS[0].1.into()) };
        let server = named.trim_end_matches('/');
        if let Some((_, token_url)) = ZOHO_SERVERS.iter().find(|(known, _)| *known == server) {
            return Ok((*token_url).into());
        }
        match self.0.iter().any(|added| added == server) {
            true => Ok(format!("{server}/oauth/v2/token").into()),
            false => Err(Error::configuration(
                "accounts_server",
                "is not a known accounts server of Zoho, such as https://accounts.zoho.eu. Add a new one to zohoAccountsServers (TOKENKEEP_ZOHO_ACCOUNTS_SERVERS)",
            )),
        }
    }
}
