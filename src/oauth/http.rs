//! The HTTP client: a trait, and its default implementation with reqwest.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

use super::provider::RequestFormat;
use super::proxy::ProxyVariables;
use crate::config::RESPONSE_MAX_BYTES;
use crate::error::{Error, Result};
use crate::tls::{self, Authorities, Checks, MinVersion};

/// A form or a JSON object to post.
#[derive(Clone)]
pub struct HttpRequest {
    /// The URL.
    pub url: String,
    /// The format of the body.
    pub format: RequestFormat,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// The encoded body; contains secrets.
    pub body: Zeroizing<String>,
    /// The header `Authorization`, if the client authenticates with it; a secret.
    pub authorization: Option<Zeroizing<String>>,
}

impl HttpRequest {
    /// All headers but `Authorization`, by their names in lower case.
    fn headers(&self) -> BTreeMap<String, &str> {
        let content_type = match self.format {
            RequestFormat::Form => "application/x-www-form-urlencoded",
            RequestFormat::Json => "application/json",
        };
        let usual = [("content-type", content_type), ("accept", "application/json")];
        let own = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        usual
            .into_iter()
            .chain(own)
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect()
    }

    /// The same as a JSON object.
    #[must_use]
    pub fn headers_json(&self) -> String {
        serde_json::to_string(&self.headers()).unwrap_or_default()
    }
}

impl std::fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HttpRequest(redacted)")
    }
}

/// A complete response.
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The header `Retry-After`, or else `X-Retry-After`.
    pub retry_after: Option<String>,
    /// The body; contains secrets.
    pub body: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HttpResponse({}, redacted)", self.status)
    }
}

/// Why there is no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpFailure {
    /// Nothing was sent, as connecting failed.
    NotSent(&'static str),
    /// The request may have been sent, but no complete response arrived.
    NoAnswer(&'static str),
    /// The response is larger than [`RESPONSE_MAX_BYTES`].
    TooLarge,
}

/// A future that a trait object can return.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Posts requests. Never follows redirects, never retries.
pub trait HttpClient: Send + Sync + 'static {
    /// Posts `request`. Has no time limit of its own: the caller drops the future.
    fn post<'a>(
        &'a self,
        request: HttpRequest,
    ) -> Boxed<'a, std::result::Result<HttpResponse, HttpFailure>>;
}

/// How long an idle connection may be reused. Shorter than servers' keep-alive, so that no request is sent on a
/// connection that the server is closing.
const IDLE_MAX: Duration = Duration::from_secs(4);

/// The time limit for connecting. After it, nothing was sent, and the request is retried.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// The default client.
#[derive(Debug)]
pub struct Reqwest(reqwest::Client);

impl Reqwest {
    /// A client that trusts these authorities only, and uses the proxy of the environment.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the proxy is not an HTTP proxy; [`Error::Internal`] if TLS cannot be set up.
    pub fn new(authorities: &Authorities, proxy: &ProxyVariables) -> Result<Self> {
        let defect = |what: &'static str| move |_| Error::internal(what);
        let tls = tls::client(authorities, Checks::Everything, MinVersion::Tls12, None)?;
        let mut builder = reqwest::Client::builder().no_proxy();
        if let Some(proxy) = proxy.proxy()? {
            builder = builder.proxy(proxy);
        }
        builder
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(CONNECT_MAX)
            .pool_idle_timeout(IDLE_MAX)
            .user_agent(concat!("tokenkeep/", env!("CARGO_PKG_VERSION")))
            .build()
            .map(Self)
            .map_err(defect("the HTTP client could not be built"))
    }

    async fn exchange(
        &self,
        request: HttpRequest,
    ) -> std::result::Result<HttpResponse, HttpFailure> {
        let mut post = self.0.post(&request.url);
        for (name, value) in request.headers() {
            post = post.header(name, value);
        }
        if let Some(authorization) = &request.authorization {
            let mut value = HeaderValue::from_str(authorization).map_err(|_| {
                HttpFailure::NotSent("the client credentials cannot be sent in a header")
            })?;
            value.set_sensitive(true);
            post = post.header("authorization", value);
        }
        let mut response = post
            .body(Bytes::from_owner(request.body))
            .send()
            .await
            .map_err(|error| failure(&error))?;
        let status = response.status().as_u16();
        let headers = response.headers();
        let retry_after = headers.get("retry-after").or_else(|| headers.get("x-retry-after"));
        let retry_after = retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
            if body.len() + chunk.len() > RESPONSE_MAX_BYTES {
                return Err(HttpFailure::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(HttpResponse { status, retry_after, body })
    }
}

impl Reqwest {
    /// Sends a HEAD request and returns the status, to check that `url` is reachable.
    ///
    /// # Errors
    /// [`HttpFailure`] if there is no response.
    pub async fn probe(&self, url: &str) -> std::result::Result<u16, HttpFailure> {
        let answer = self.0.head(url).send().await;
        answer.map(|response| response.status().as_u16()).map_err(|error| failure(&error))
    }
}

impl HttpClient for Reqwest {
    fn post<'a>(
        &'a self,
        request: HttpRequest,
    ) -> Boxed<'a, std::result::Result<HttpResponse, HttpFailure>> {
        Box::pin(self.exchange(request))
    }
}

/// Maps an error. Only a failure to connect proves that nothing was sent.
fn failure(error: &reqwest::Error) -> HttpFailure {
    if error.is_builder() {
        return HttpFailure::NotSent("the token URL is not a URL");
    }
    if error.is_connect() {
        let tls = error.source().is_some_and(is_tls);
        let reason = if tls { "the TLS handshake failed" } else { "could not connect" };
        return HttpFailure::NotSent(reason);
    }
    HttpFailure::NoAnswer("the connection was lost")
}

/// Whether TLS is the cause. `source` of an I/O error skips its inner error, which may be another I/O error.
fn is_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let io = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<tls::Failure>()
        || io.is_some_and(|inner| is_tls(inner))
        || error.source().is_some_and(is_tls)
}
