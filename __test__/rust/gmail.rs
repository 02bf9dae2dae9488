//! The gmail store against a real PostgreSQL, named by TOKENKEEP_TEST_DATABASE_URL (`npm test`
//! starts one).

#![allow(clippy::disallowed_methods, reason = "the statements here are an application's")]

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use tokenkeep::config::Limits;
use tokenkeep::db::{Database, DatabaseSettings, Duplicates, Login, RlsContext, migrate};
use tokenkeep::error::{Error, Result};
use tokenkeep::oauth::{Boxed, RefreshFn, RefreshFnAnswer, RefreshFnTokens};
use tokenkeep::refresh::{RefreshConfig, RefreshOptions, Silent};
use tokenkeep::secret::{AccessToken, RefreshToken};
use tokenkeep::store::StoreOptions;
use tokenkeep::store::gmail::{self, Decrypted, Gmail, NewTokens, Options};
use tokio_postgres::{Client, NoTls};

const KEYS: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn url() -> String {
    std::env::var("TOKENKEEP_TEST_DATABASE_URL")
        .expect("TOKENKEEP_TEST_DATABASE_URL names a PostgreSQL; npm test starts one and sets it")
}

/// An application's own connection.
async fn application() -> Client {
    let (client, connection) = tokio_postgres::connect(&url(), NoTls).await.expect("connects");
    tokio::spawn(connection);
    client
}

/// A process's store in a schema of the test's own.
async fn store(schema: &str, limits: Limits) -> Gmail {
    let settings = DatabaseSettings::new(&url(), Some(schema), &Login::default()).expect("parses");
    let base = StoreOptions {
        database: Database::open(&settings).expect("opens"),
        config: RefreshConfig { limits, mixed_fleet: false },
        refresh_options: RefreshOptions {
            fresh_ms: limits.fresh_ms,
            wait_ms: limits.wait_ms,
            usable_at_once: false,
            force: false,
        },
        observer: Arc::new(Silent),
    };
    Gmail::new(Options {
        base,
        format: gmail::format(KEYS).map(Arc::new),
        google: Err(Error::configuration("GOOGLE_CLIENT_ID", "is not set")),
    })
}

async fn prepare(schema: &str) -> Client {
    let client = application().await;
    let sql = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}");
    client.batch_execute(&sql).await.expect("makes a schema");
    let settings = DatabaseSettings::new(&url(), Some(schema), &Login::default()).expect("parses");
    migrate(&settings, &[&gmail::MIGRATION], Duplicates::Refuse).await.expect("migrates");
    client
}

fn new_tokens(expires_at_ms: f64) -> NewTokens {
    NewTokens {
        user_id: "user".into(),
        tenant_id: "tenant".into(),
        access_token: AccessToken::new("a0"),
        refresh_token: RefreshToken::new("r0"),
        expires_at_ms,
        scope: "scope".into(),
    }
}

/// A rotating provider that knows which token is the live one.
#[derive(Default)]
struct Rotating {
    requests: AtomicUsize,
    spent: Mutex<Vec<String>>,
}

impl RefreshFn for Rotating {
    fn call<'a>(&'a self, token: &'a RefreshToken, _: Duration) -> Boxed<'a, RefreshFnAnswer> {
        Box::pin(async move {
            let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
            self.spent.lock().expect("not poisoned").push(token.expose().to_owned());
            tokio::time::sleep(Duration::from_millis(100)).await;
            RefreshFnAnswer::Returned(RefreshFnTokens {
                access_token: AccessToken::new(format!("a{number}")),
                refresh_token: Some(RefreshToken::new(format!("r{number}"))),
                expiry_date_ms: 4_000_000_000_000.0,
                scopes: None,
            })
        })
    }
}

/// Access token and refresh token.
fn texts(token: &Decrypted) -> (&str, &str) {
    (token.access_token().expose(), token.refresh_token().map_or("", RefreshToken::expose))
}

#[tokio::test]
async fn sixteen_stores_refresh_a_spent_token_once() {
    prepare("tk_once").await;
    let provider = Arc::new(Rotating::default());
    let mut calls = Vec::new();
    for index in 0..16 {
        let store = Arc::new(store("tk_once", Limits::DEFAULT).await);
        if index == 0 {
            store.upsert(new_tokens(0.0)).await.expect("stores");
        }
        for _ in 0..8 {
            let (store, provider) = (Arc::clone(&store), Arc::clone(&provider));
            calls.push(tokio::spawn(
                async move { store.valid("user".into(), Some(provider)).await },
            ));
        }
    }
    for call in calls {
        let token = call.await.expect("does not panic").expect("is given a token");
        assert_eq!(texts(&token), ("a1", "r1"));
    }
    assert_eq!(*provider.spent.lock().expect("not poisoned"), ["r0"]);
}

/// Polls a future so many times and drops it; whether it had come to its end by then.
async fn ends_within<T>(polls: usize, future: impl Future<Output = T>) -> bool {
    let (mut future, mut left) = (Box::pin(future), polls);
    let ended = poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        future.as_mut().poll(context).map(|_| true)
    });
    ended.await
}

#[tokio::test]
async fn a_call_that_is_dropped_after_any_poll_costs_nobody_a_token_or_a_connection() {
    prepare("tk_dropped").await;
    let store = store("tk_dropped", Limits::DEFAULT).await;
    for polls in 0.. {
        let user = || format!("user {polls}");
        let spent = || NewTokens { user_id: user(), ..new_tokens(0.0) };
        let stored = ends_within(polls, store.upsert(spent())).await;
        store.upsert(spent()).await.expect("stores");
        let provider = Arc::new(Rotating::default());
        let call = || store.valid(user(), Some(Arc::clone(&provider)));
        let called = ends_within(polls, call()).await;
        let token = call().await.expect("is given a token");
        assert_eq!(texts(&token), ("a1", "r1"));
        assert_eq!(*provider.spent.lock().expect("not poisoned"), ["r0"], "after {polls} polls");
        let deleted = ends_within(polls, store.delete(user())).await;
        store.delete(user()).await.expect("deletes");
        assert_eq!(store.is_connected(user()).await, Ok(false));
        if stored && called && deleted {
            break;
        }
    }
}

#[tokio::test]
async fn a_row_in_the_applications_own_transaction_is_an_error_that_says_so() {
    let mut client = prepare("tk_locked").await;
    let store = store("tk_locked", Limits::DEFAULT.scaled_down(10)).await;
    store.upsert(new_tokens(0.0)).await.expect("stores");
    let open = client.transaction().await.expect("begins");
    open.execute("SELECT FROM tk_locked.gmail_tokens FOR UPDATE", &[]).await.expect("locks");
    let refused: Result<()> = store.upsert(new_tokens(1.0)).await;
    assert!(matches!(refused, Err(Error::RowLocked { .. })), "{refused:?}");
    open.commit().await.expect("commits");
    store.upsert(new_tokens(1.0)).await.expect("stores");
}

#[tokio::test]
async fn another_tenants_user_is_neither_moved_nor_overwritten() {
    let client = prepare("tk_tenant").await;
    let store = store("tk_tenant", Limits::DEFAULT).await;
    store.upsert(new_tokens(0.0)).await.expect("stores");
    let moved = NewTokens { tenant_id: "other".into(), ..new_tokens(5.0) };
    assert_eq!(store.upsert(moved).await, Err(Error::TenantMismatch { by_policy: false }));
    let row = client
        .query_one(
            "SELECT tenant_id, expires_at = to_timestamp(0) FROM tk_tenant.gmail_tokens",
            &[],
        )
        .await
        .expect("reads");
    assert_eq!((row.get::<_, &str>(0), row.get::<_, bool>(1)), ("tenant", true));
}

#[tokio::test]
async fn stores_of_equal_settings_share_one_pool_which_ends_with_them() {
    let client = prepare("tk_pool").await;
    let count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tk_pool'";
    let named = format!("{}?application_name=tk_pool", url());
    let settings =
        DatabaseSettings::new(&named, Some("tk_pool"), &Login::default()).expect("parses");
    let mut databases = Vec::new();
    for _ in 0..8 {
        let database = tokenkeep::db::Database::open(&settings).expect("opens");
        let timeouts = tokenkeep::db::Timeouts::usual(&Limits::DEFAULT);
        database
            .read(&RlsContext::default(), "look", "SELECT 1", &[], timeouts)
            .await
            .expect("reads");
        databases.push(database);
    }
    let connections: i64 = client.query_one(count, &[]).await.expect("reads").get(0);
    assert_eq!(connections, 1);
    drop(databases);
    while client.query_one(count, &[]).await.expect("reads").get::<_, i64>(0) > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
