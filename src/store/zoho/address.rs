//! Where a row's tokens are refreshed: in the data centre that the row names, else in that of the
//! options.

use std::sync::Arc;

use super::shape::Record;
use crate::error::Result;
use crate::oauth::{ClientCredentials, HttpClient, HttpEndpoint, zoho_at};

/// What the options say of it.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) accounts_server: Option<String>,
    pub(super) token_url: Option<String>,
    pub(super) http: Result<Arc<dyn HttpClient>>,
}

impl Address {
    /// The endpoint of `record`, for this client of Zoho's.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::error::Error::Configuration) for an accounts server that is
    /// none of Zoho's.
    pub(super) fn endpoint(
        &self,
        record: &Record,
        client: ClientCredentials,
    ) -> Result<Arc<HttpEndpoint>> {
        let named = record.accounts_server.as_deref().or(self.accounts_server.as_deref());
        let provider = zoho_at(named)?;
        let http = self.http.clone()?;
        HttpEndpoint::new(provider, self.token_url.as_deref(), client, http).map(Arc::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::oauth::{Boxed, HttpFailure, HttpRequest, HttpResponse, TokenEndpoint};

    struct Nowhere;

    impl HttpClient for Nowhere {
        fn post(&self, _: HttpRequest) -> Boxed<'_, Result<HttpResponse, HttpFailure>> {
            Box::pin(async { Err(HttpFailure::NotSent("there is no network")) })
        }
    }

    fn asked(row: Option<&str>, option: Option<&str>, token_url: Option<&str>) -> Result<String> {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let address = Address {
            accounts_server: text(option),
            token_url: text(token_url),
            http: Ok(Arc::new(Nowhere)),
        };
        let record = Record { accounts_server: text(row), ending: None };
        let client = ClientCredentials::new("id", "secret");
        let endpoint = address.endpoint(&record, client)?;
        Ok(endpoint.client().expect("has a client").to_owned())
    }

    const EU: &str = "https://accounts.zoho.eu";
    const IN: &str = "https://accounts.zoho.in";

    #[test]
    fn a_row_is_refreshed_in_its_own_data_centre() {
        let of = |row, option| asked(row, option, None).expect("is known");
        assert_eq!(of(None, None), "https://accounts.zoho.com/oauth/v2/token id");
        assert_eq!(of(None, Some(EU)), "https://accounts.zoho.eu/oauth/v2/token id");
        assert_eq!(of(Some(IN), Some(EU)), "https://accounts.zoho.in/oauth/v2/token id");
        assert_eq!(of(Some("https://accounts.zoho.in/"), None), of(Some(IN), None));
    }

    #[test]
    fn every_data_centre_of_zoho_is_known_by_its_own_address() {
        let servers =
            ["zoho.com", "zoho.eu", "zoho.in", "zoho.com.au", "zoho.jp", "zoho.sa", "zoho.com.cn"];
        for server in servers.into_iter().chain(["zohocloud.ca"]) {
            let server = format!("https://accounts.{server}");
            let expected = format!("{server}/oauth/v2/token id");
            assert_eq!(asked(Some(&server), None, None), Ok(expected));
        }
    }

    #[test]
    fn an_unknown_accounts_server_is_refused_whatever_else_is_said() {
        for token_url in [None, Some("https://proxy.example/token")] {
            for server in ["https://evil.example", "http://accounts.zoho.eu", "zoho.eu", " "] {
                let refused = asked(Some(server), Some(EU), token_url);
                assert!(matches!(refused, Err(Error::Configuration { .. })), "{server}");
            }
        }
    }

    #[test]
    fn another_token_endpoint_counts_for_every_known_one() {
        let proxy = Some("https://proxy.example/token");
        let asked = asked(Some(EU), None, proxy).expect("is known");
        assert_eq!(asked, "https://proxy.example/token id");
    }
}
