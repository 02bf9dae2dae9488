//! Fetches a JSON document that describes a server.

use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use super::super::http::{HttpClient, HttpFailure, HttpRequest};
use super::{Failure, Kind};

/// A document, unless it is not there before `deadline`. Redirects are not followed: what stands at another address is
/// not what the issuer publishes.
pub(super) async fn document<T: DeserializeOwned>(
    http: &dyn HttpClient,
    url: &str,
    deadline: Instant,
) -> Result<T, Failure> {
    let unreachable = |why: &'static str| Failure::new(url, Kind::Unreachable, why);
    let answered = timeout_at(deadline, http.send(HttpRequest::get(url))).await;
    let response = match answered.map_err(|_| unreachable("no answer in time"))? {
        Ok(response) => response,
        Err(HttpFailure::NotSent(why) | HttpFailure::NoAnswer(why)) => {
            return Err(unreachable(why));
        }
        Err(HttpFailure::TooLarge) => {
            return Err(Failure::new(url, Kind::Wrong, "the document is larger than 1 MiB"));
        }
    };
    match response.status {
        200 => serde_json::from_slice(&response.body)
            .map_err(|_| Failure::new(url, Kind::Wrong, "what it answered is not such a document")),
        300..=399 => Err(Failure::new(url, Kind::Absent, "a redirect, which is not followed")),
        status => Err(Failure::new(url, Kind::Absent, format!("it answered {status}"))),
    }
}
