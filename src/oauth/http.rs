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

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`, without a body.
    Get,
    /// `POST`.
    Post,
    /// `DELETE`.
    Delete,
}

impl Method {
    /// Its name in HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// A request.
#[derive(Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The URL.
    pub url: String,
    /// The format of the body; `None`: there is no body.
    pub format: Option<RequestFormat>,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// The encoded body; contains secrets. Empty if there is none.
    pub body: Zeroizing<String>,
    /// The header `Authorization`, if the client authenticates with it; a secret.
    pub authorization: Option<Zeroizing<String>>,
}

impl HttpRequest {
    /// A request for a JSON document.
    pub(super) fn get(url: &str) -> Self {
        Self {
            method: Method::Get,
            url: url.to_owned(),
            format: None,
            headers: Vec::new(),
            body: Zeroizing::default(),
            authorization: None,
        }
    }

    /// All headers but `Authorization`, by their names in lower case.
    fn headers(&self) -> BTreeMap<String, &str> {
        let content_type = self.format.map(|format| match format {
            RequestFormat::Form => ("content-type", "application/x-www-form-urlencoded"),
            RequestFormat::Json => ("content-type", "application/json"),
        });
        let usual = content_type.into_iter().chain([("accept", "application/json")]);
        let own = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        usual.chain(own).map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
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

/// Sends requests. Never follows redirects, never retries.
pub trait HttpClient: Send + Sync + 'static {
    /// Sends `request`. Has no time limit of its own: the caller drops the future.
    fn send<'a>(
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
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut sent = self.0.request(method, &request.url);
        for (name, value) in request.headers() {
            sent = sent.header(name, value);
        }
        if let Some(authorization) = &request.authorization {
            let mut value = HeaderValue::from_str(authorization).map_err(|_| {
                HttpFailure::NotSent("the client credentials cannot be sent in a header")
            })?;
            value.set_sensitive(true);
            sent = sent.header("authorization", value);
        }
        if request.format.is_some() {
            sent = sent.body(Bytes::from_owner(request.body));
        }
        let mut response = sent.send().await.map_err(|error| failure(&error))?;
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
    fn send<'a>(
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
