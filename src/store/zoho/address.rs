//! Where a row's tokens are refreshed: in the data centre that the row names, otherwise in that of the
//! options.

use std::sync::Arc;

use super::mapping::Record;
use crate::error::Result;
use crate::oauth::{ClientCredentials, HttpClient, HttpEndpoint, Provider, ZohoServers};

/// What the options say about it.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) accounts_server: Option<String>,
    pub(super) servers: Result<ZohoServers>,
    pub(super) token_url: Option<String>,
    pub(super) allow_insecure: bool,
    pub(super) http: Result<Arc<dyn HttpClient>>,
}

impl Address {
    /// The endpoint of `record` for this OAuth client.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::error::Error::Configuration) for an accounts server that is
    /// not accepted.
    pub(super) fn endpoint(
        &self,
        record: &Record,
        client: ClientCredentials,
    ) -> Result<Arc<HttpEndpoint>> {
        let named = record.accounts_server.as_deref().or(self.accounts_server.as_deref());
        let own = self.servers.as_ref().map_err(Clone::clone)?.token_url(named)?;
        let http = self.http.clone()?;
        let token_url = self.token_url.as_deref().unwrap_or(&own);
        let provider = Provider { allow_insecure: self.allow_insecure, ..Provider::zoho().clone() };
        let provider =
            provider.with_token_url(token_url).named("tokenUrl", "TOKENKEEP_ZOHO_TOKEN_URL");
        HttpEndpoint::new(provider, client, http).map(Arc::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::oauth::{Boxed, HttpFailure, HttpRequest, HttpResponse, TokenEndpoint};

    struct Nowhere;

    impl HttpClient for Nowhere {
        fn send(&self, _: HttpRequest) -> Boxed<'_, Result<HttpResponse, HttpFailure>> {
            Box::pin(async { Err(HttpFailure::NotSent("there is no network")) })
        }
    }

    fn endpoint_of(
        row: Option<&str>,
        option: Option<&str>,
        token_url: Option<&str>,
    ) -> Result<String> {
        endpoint_among("", row, option, token_url)
    }

    fn endpoint_among(
        servers: &str,
        row: Option<&str>,
        option: Option<&str>,
        token_url: Option<&str>,
    ) -> Result<String> {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let address = Address {
            accounts_server: text(option),
            servers: ZohoServers::parse(servers, false),
            token_url: text(token_url),
            allow_insecure: false,
            http: Ok(Arc::new(Nowhere)),
        };
        let record = Record { accounts_server: text(row), mark: None };
        let client = ClientCredentials::new("id", "secret");
        let endpoint = address.endpoint(&record, client)?;
        Ok(endpoint.client().expect("has a client").to_owned())
    }

    const EU: &str = "https://accounts.zoho.eu";
    const IN: &str = "https://accounts.zoho.in";

    #[test]
    fn a_row_is_refreshed_in_its_own_data_centre() {
        let of = |row, option| endpoint_of(row, option, None).expect("is known");
        assert_eq!(of(None, None), "https://accounts.zoho.com/oauth/v2/token id");
        assert_eq!(of(None, Some(EU)), "https://accounts.zoho.eu/oauth/v2/token id");
        assert_eq!(of(Some(IN), Some(EU)), "https://accounts.zoho.in/oauth/v2/token id");
        assert_eq!(of(Some("https://accounts.zoho.in/"), None), of(Some(IN), None));
    }

    #[test]
    fn every_data_centre_of_zoho_is_known_by_its_own_address() {
        let servers =
            ["zoho.com", "zoho.eu", "zoho.in", "zoho.com.au", "zoho.jp", "zoho.sa", "zoho.com.cn"];
        for server in servers.into_iter().chain(["zohocloud.ca", "zoho.uk", "zoho.ae"]) {
            let server = format!("https://accounts.{server}");
            let expected = format!("{server}/oauth/v2/token id");
            assert_eq!(endpoint_of(Some(&server), None, None), Ok(expected));
        }
    }

    #[test]
    fn an_unknown_accounts_server_is_refused_whatever_else_is_said() {
        for token_url in [None, Some("https://proxy.example/token")] {
            for server in ["https://evil.example", "http://accounts.zoho.eu", "zoho.eu", " "] {
                let refused = endpoint_of(Some(server), Some(EU), token_url);
                assert!(matches!(refused, Err(Error::Configuration { .. })), "{server}");
            }
        }
    }

    #[test]
    fn the_next_data_centre_is_known_when_the_options_name_it_and_to_rows_then() {
        let next = "https://accounts.zoho.xx";
        let expected = Ok("https://accounts.zoho.xx/oauth/v2/token id".to_owned());
        for servers in [next, " https://accounts.zoho.yy/ ,https://accounts.zoho.xx/"] {
            assert_eq!(endpoint_among(servers, Some(next), None, None), expected, "{servers}");
            assert_eq!(endpoint_among(servers, None, Some(next), None), expected, "{servers}");
        }
        let other = endpoint_among(next, Some("https://accounts.zoho.xx.example"), None, None);
        let names = matches!(other, Err(Error::Configuration { option, .. }) if option == "accounts_server");
        assert!(names);
    }

    #[test]
    fn an_option_that_names_no_origin_with_tls_is_refused_by_name() {
        for odd in
            ["accounts.zoho.xx", "http://accounts.zoho.xx", "https://a.xx/oauth", "https://a@b"]
        {
            let refused = endpoint_among(odd, Some(EU), None, None);
            let names = matches!(&refused, Err(Error::Configuration { option, .. }) if option == "zohoAccountsServers");
            assert!(names, "{odd}: {refused:?}");
        }
    }

    #[test]
    fn another_token_endpoint_counts_for_every_known_one() {
        let proxy = Some("https://proxy.example/token");
        let server = endpoint_of(Some(EU), None, proxy).expect("is known");
        assert_eq!(server, "https://proxy.example/token id");
    }
}
