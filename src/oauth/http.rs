//! The HTTP client as a value: reqwest by default, anything else in its place.

use std::error::Error as _;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

use crate::config::RESPONSE_MAX_BYTES;
use crate::error::{Error, Result};
use crate::tls::{self, Authorities, Checks, Oldest};

/// A form to be posted.
#[derive(Clone)]
pub struct HttpRequest {
    /// Where to.
    pub url: String,
    /// The encoded form; holds secrets.
    pub body: Zeroizing<String>,
    /// The header `Authorization`, where the client authenticates there; a secret.
    pub authorization: Option<Zeroizing<String>>,
}

impl std::fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HttpRequest(redacted)")
    }
}

/// An answer, whole.
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The header `Retry-After`, or `X-Retry-After` in its place, when there is one.
    pub retry_after: Option<String>,
    /// The body; holds secrets.
    pub body: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HttpResponse({}, redacted)", self.status)
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpFailure {
    /// No connection was made: nothing was sent.
    NotSent(&'static str),
    /// Something may have been sent, and no whole answer came.
    NoAnswer(&'static str),
    /// The answer is larger than a token response can be.
    TooLarge,
}

/// A future that a trait object can return.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Posts a form. Never follows a redirect, never sends twice.
pub trait HttpClient: Send + Sync + 'static {
    /// Posts `request`, and waits for the answer as long as whoever asked waits for this.
    fn post<'a>(
        &'a self,
        request: HttpRequest,
    ) -> Boxed<'a, std::result::Result<HttpResponse, HttpFailure>>;
}

/// How long an idle connection is used again: shorter than servers keep theirs, so that a request
/// is not lost on a connection that the other side is closing.
const IDLE_MAX: Duration = Duration::from_secs(4);

/// How long connecting may take: what ends here has sent nothing, and is tried again.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// The default client.
#[derive(Debug)]
pub struct Reqwest(reqwest::Client);

impl Reqwest {
    /// A client that trusts these, whatever the machine has installed.
    ///
    /// # Errors
    /// [`Error::Internal`] when TLS cannot be set up.
    pub fn new(authorities: &Authorities) -> Result<Self> {
        let defect = |what: &'static str| move |_| Error::internal(what);
        let tls = tls::client(authorities, Checks::Everything, Oldest::Tls12, None)?;
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
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
        let mut post = self.0.post(request.url);
        if let Some(authorization) = &request.authorization {
            let mut value = HeaderValue::from_str(authorization)
                .map_err(|_| HttpFailure::NotSent("the client's credentials are no header"))?;
            value.set_sensitive(true);
            post = post.header("authorization", value);
        }
        let mut response = post
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
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
    /// Whether anybody answers at `url`: gives the status. Nothing but the question is sent.
    ///
    /// # Errors
    /// [`HttpFailure`]: why there is no answer.
    pub async fn reach(&self, url: &str) -> std::result::Result<u16, HttpFailure> {
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

/// Only a failure to connect is known to have sent nothing.
fn failure(error: &reqwest::Error) -> HttpFailure {
    if error.is_builder() {
        return HttpFailure::NotSent("the token URL is not a URL");
    }
    if error.is_connect() {
        let tls = error.source().is_some_and(is_tls);
        return HttpFailure::NotSent(if tls { "TLS was refused" } else { "no connection" });
    }
    HttpFailure::NoAnswer("the connection broke")
}

/// Whether TLS is at the bottom of it. An I/O error hides what it was made of from `source`, and may be
/// made of another one.
fn is_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let io = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<tls::Failure>()
        || io.is_some_and(|inner| is_tls(inner))
        || error.source().is_some_and(is_tls)
}
