//! Keeps the metadata of issuers in this process, and has it fetched once for many callers.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::super::http::HttpClient;
use super::metadata::ServerMetadata;
use super::{Failure, Kind};

/// The longest time for finding metadata, over all addresses.
pub(in crate::oauth) const LIMIT: Duration = Duration::from_secs(5);

/// How long metadata is used without being fetched again.
const FRESH: Duration = Duration::from_secs(60 * 60);

/// How long metadata is used while it cannot be fetched again.
const USABLE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a failure counts.
const FAILED: Duration = Duration::from_secs(5);

/// The most issuers. Beyond it, the one that was not used for the longest time is forgotten.
const ISSUERS_MAX: usize = 100;

/// What was found for an issuer.
pub(in crate::oauth) type Found = Arc<ServerMetadata>;

/// What is known of one issuer.
#[derive(Default)]
struct Known {
    metadata: Option<(Found, Instant)>,
    failure: Option<(Failure, Instant)>,
}

#[derive(Default)]
struct Shared {
    known: Mutex<Known>,
    /// Locked while metadata is fetched, so that others wait for the result.
    fetch: tokio::sync::Mutex<()>,
}

/// One issuer, as one HTTP client sees it: an application's own `fetch` may reach another server.
struct Entry {
    http: Weak<dyn HttpClient>,
    issuer: String,
    allow_insecure: bool,
    used: Instant,
    shared: Arc<Shared>,
}

/// What is known of issuers.
pub(in crate::oauth) struct Cache(Mutex<Vec<Entry>>);

/// The one of the process.
pub(in crate::oauth) static CACHE: Cache = Cache(Mutex::new(Vec::new()));

impl Cache {
    /// The metadata of an issuer; fetched if it is not known, within `limit`.
    pub(in crate::oauth) async fn metadata(
        &self,
        http: &Arc<dyn HttpClient>,
        issuer: &str,
        allow_insecure: bool,
        limit: Duration,
    ) -> Result<Found, Failure> {
        let deadline = Instant::now() + limit;
        let shared = self.entry(http, issuer, allow_insecure);
        let known = || shared.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outcome) = known().outcome() {
            return outcome;
        }
        let Ok(_fetching) = timeout_at(deadline, shared.fetch.lock()).await else {
            let failure = Failure::new(issuer, Kind::Unreachable, "no answer in time");
            return known().usable().ok_or(failure);
        };
        // It may have been fetched meanwhile.
        if let Some(outcome) = known().outcome() {
            return outcome;
        }
        let fetched = ServerMetadata::fetch(http.as_ref(), issuer, allow_insecure, deadline).await;
        let (mut known, now) = (known(), Instant::now());
        match fetched {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                *known = Known { metadata: Some((Arc::clone(&metadata), now)), failure: None };
                Ok(metadata)
            }
            Err(failure) => {
                known.failure = Some((failure.clone(), now));
                known.usable().ok_or(failure)
            }
        }
    }

    fn entry(&self, http: &Arc<dyn HttpClient>, issuer: &str, allow_insecure: bool) -> Arc<Shared> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| entry.http.strong_count() > 0);
        let same = entries.iter_mut().find(|entry| {
            entry.issuer == issuer
                && entry.allow_insecure == allow_insecure
                && entry.http.ptr_eq(&Arc::downgrade(http))
        });
        if let Some(entry) = same {
            entry.used = Instant::now();
            return Arc::clone(&entry.shared);
        }
        if entries.len() >= ISSUERS_MAX {
            let oldest = entries.iter().enumerate().min_by_key(|(_, entry)| entry.used);
            if let Some((oldest, _)) = oldest {
                entries.swap_remove(oldest);
            }
        }
        let shared = Arc::default();
        entries.push(Entry {
            http: Arc::downgrade(http),
            issuer: issuer.to_owned(),
            allow_insecure,
            used: Instant::now(),
            shared: Arc::clone(&shared),
        });
        shared
    }
}

impl Known {
    /// What is to be used; `None`: it must be fetched.
    fn outcome(&self) -> Option<Result<Found, Failure>> {
        match (&self.metadata, &self.failure) {
            (Some((metadata, since)), _) if since.elapsed() < FRESH => {
                Some(Ok(Arc::clone(metadata)))
            }
            (_, Some((failure, since))) if since.elapsed() < FAILED => {
                Some(self.usable().ok_or_else(|| failure.clone()))
            }
            _ => None,
        }
    }

    /// Metadata that could not be fetched again.
    fn usable(&self) -> Option<Found> {
        let metadata = self.metadata.as_ref().filter(|(_, since)| since.elapsed() < USABLE);
        metadata.map(|(metadata, _)| Arc::clone(metadata))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use zeroize::Zeroizing;

    use super::super::super::http::{Boxed, HttpFailure, HttpRequest, HttpResponse};
    use super::*;

    /// A server that has metadata as long as `is_up`, and counts requests.
    struct Server {
        asked: AtomicUsize,
        is_up: AtomicBool,
        hangs: AtomicBool,
    }

    impl HttpClient for Server {
        fn send(&self, request: HttpRequest) -> Boxed<'_, Result<HttpResponse, HttpFailure>> {
            Box::pin(async move {
                self.asked.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(10)).await;
                if self.hangs.load(Ordering::Relaxed) {
                    std::future::pending::<()>().await;
                }
                if !self.is_up.load(Ordering::Relaxed) {
                    return Err(HttpFailure::NotSent("could not connect"));
                }
                let origin = request.url.split("/.well-known").next().unwrap_or_default();
                let body = format!(r#"{{"issuer":"{origin}","token_endpoint":"{origin}/token"}}"#);
                let body = Zeroizing::new(body.into_bytes());
                Ok(HttpResponse { status: 200, retry_after: None, body })
            })
        }
    }

    fn server() -> (Arc<Server>, Arc<dyn HttpClient>) {
        let (asked, is_up, hangs) = (0.into(), true.into(), false.into());
        let server = Arc::new(Server { asked, is_up, hangs });
        (Arc::clone(&server), server)
    }

    fn cache() -> Cache {
        Cache(Mutex::new(Vec::new()))
    }

    async fn find(
        cache: &Cache,
        http: &Arc<dyn HttpClient>,
        issuer: &str,
    ) -> Result<Found, Failure> {
        cache.metadata(http, issuer, false, LIMIT).await
    }

    #[tokio::test(start_paused = true)]
    async fn many_callers_share_a_request_and_its_result_for_an_hour() {
        let ((server, http), cache) = (server(), cache());
        let issuer = "https://many.example";
        let calls = (0..40).map(|_| find(&cache, &http, issuer));
        for found in futures_util::future::join_all(calls).await {
            assert!(found.is_ok());
        }
        tokio::time::advance(FRESH - Duration::from_secs(1)).await;
        assert!(find(&cache, &http, issuer).await.is_ok());
        assert_eq!(server.asked.load(Ordering::Relaxed), 1);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(find(&cache, &http, issuer).await.is_ok());
        assert_eq!(server.asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_counts_for_seconds_and_does_not_replace_what_is_known() {
        let ((server, http), cache) = (server(), cache());
        let issuer = "https://failing.example";
        server.is_up.store(false, Ordering::Relaxed);
        for _ in 0..5 {
            let failure = find(&cache, &http, issuer).await.expect_err("is down").text();
            assert!(failure.contains("/.well-known/oauth-authorization-server"), "{failure}");
        }
        assert_eq!(server.asked.load(Ordering::Relaxed), 1);
        server.is_up.store(true, Ordering::Relaxed);
        tokio::time::advance(FAILED).await;
        assert!(find(&cache, &http, issuer).await.is_ok());
        server.is_up.store(false, Ordering::Relaxed);
        tokio::time::advance(FRESH).await;
        assert!(find(&cache, &http, issuer).await.is_ok(), "what is known is used meanwhile");
        tokio::time::advance(USABLE).await;
        assert!(find(&cache, &http, issuer).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_fails_for_a_server_that_hangs_while_its_metadata_is_known() {
        let ((server, http), cache) = (server(), cache());
        let issuer = "https://hanging.example";
        assert!(find(&cache, &http, issuer).await.is_ok());
        tokio::time::advance(FRESH).await;
        server.hangs.store(true, Ordering::Relaxed);
        let calls = (0..3).map(|_| find(&cache, &http, issuer));
        for found in futures_util::future::join_all(calls).await {
            assert!(found.is_ok());
        }
        assert_eq!(server.asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_issuers_are_kept_than_allowed_and_none_of_a_client_that_is_gone() {
        let ((server, http), cache) = (server(), cache());
        for number in 0..ISSUERS_MAX + 20 {
            assert!(find(&cache, &http, &format!("https://{number}.example")).await.is_ok());
        }
        let kept = || cache.0.lock().unwrap_or_else(PoisonError::into_inner).len();
        assert_eq!(kept(), ISSUERS_MAX);
        drop((server, http));
        let (_server, other) = self::server();
        assert!(find(&cache, &other, "https://other.example").await.is_ok());
        assert_eq!(kept(), 1);
    }
}
