//! An instance: options in, stores behind.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use napi_derive::napi;
use zeroize::Zeroize;

use super::bridge::{Bridge, Outbox, lock};
use super::message::{Message, Value};
use super::runtime::runtime;
use crate::config::{Limits, POOL_MAX_CONNECTIONS};
use crate::db::DatabaseSettings;
use crate::error::{Error, Result};
use crate::oauth::{ClientCredentials, GOOGLE, HttpClient, HttpEndpoint, Reqwest};
use crate::refresh::{Behaviour, Event, Observer, Want};
use crate::secret::ClientSecret;
use crate::store::gmail::{self, Gmail};

/// What the face has read from options and variables. What is missing matters to the functions
/// that use it.
#[napi(object)]
#[derive(Default)]
pub struct KeepOptions {
    pub database_url: Option<String>,
    pub schema: Option<String>,
    pub max_connections: Option<u32>,
    pub connect_timeout_ms: Option<u32>,
    pub pool_wait_ms: Option<u32>,
    pub gmail_encryption_key: Option<String>,
    pub google_client_id: Option<String>,
    pub google_client_secret: Option<String>,
    pub google_token_url: Option<String>,
    pub mixed_fleet: Option<bool>,
    /// How long a caller waits for a refresh.
    pub wait_ms: Option<u32>,
    pub usable_at_once: Option<bool>,
    /// All limits of the protocol divided by this; for tests.
    pub limits_divisor: Option<u32>,
    pub threads: Option<u32>,
}

/// An independent instance.
#[napi]
pub struct Keep {
    outbox: Arc<Outbox>,
    gmail: Arc<Mutex<Result<Arc<Gmail>>>>,
    limits: Limits,
}

#[napi]
impl Keep {
    /// `number` names this instance in events.
    #[napi(constructor, catch_unwind)]
    pub fn new(bridge: &Bridge, number: u32, mut options: KeepOptions) -> Self {
        let outbox = Arc::clone(&bridge.outbox);
        let divisor = u64::from(options.limits_divisor.unwrap_or(1).max(1));
        let limits = Limits::DEFAULT.scaled_down(divisor);
        let observer = Arc::new(Teller { outbox: Arc::clone(&outbox), number });
        let gmail = open_gmail(&options, limits, observer).map(Arc::new);
        options.wipe();
        Self { outbox, gmail: Arc::new(Mutex::new(gmail)), limits }
    }

    /// Resolves when no call and no refresh is under way any more; what is goes on as if nothing had
    /// happened. For an instance that gets no further calls.
    #[napi(catch_unwind)]
    pub fn idle(&self, id: u32) {
        let gmail = self.gmail();
        self.outbox.run(id, async move {
            if let Ok(gmail) = gmail {
                // One reference is the instance's, one is ours, the others are calls.
                while Arc::strong_count(&gmail) > 2 {
                    tokio::time::sleep(IDLE_PAUSE).await;
                }
                gmail.landed().await;
            }
            Ok(Value::Nothing)
        });
    }

    /// Refuses further calls, waits for what is under way, and gives the pool back.
    #[napi(catch_unwind)]
    pub fn close(&self, id: u32, timeout_ms: Option<f64>) {
        let whole = gmail::close_timeout_ms(&self.limits);
        let timeout = timeout_ms.map_or(Duration::from_millis(whole), |ms| {
            Duration::from_secs_f64((ms / 1_000.0).clamp(0.0, 86_400.0))
        });
        let (open, shared) = (self.gmail(), Arc::clone(&self.gmail));
        self.outbox.run(id, async move {
            let Ok(gmail) = open else { return Ok(Value::Bool(true)) };
            let ended = gmail.close(timeout).await;
            if ended {
                *lock(&shared) = Err(Error::Closed);
            } else {
                tokio::spawn(async move {
                    gmail.landed().await;
                    *lock(&shared) = Err(Error::Closed);
                });
            }
            Ok(Value::Bool(ended))
        });
    }
}

/// How often an instance that was given up is looked at.
const IDLE_PAUSE: Duration = Duration::from_millis(50);

impl Keep {
    pub(super) fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    pub(super) fn gmail(&self) -> Result<Arc<Gmail>> {
        lock(&self.gmail).clone()
    }
}

fn open_gmail(options: &KeepOptions, limits: Limits, observer: Arc<Teller>) -> Result<Gmail> {
    // The pool's timers need the runtime.
    let _runtime = runtime(options.threads.unwrap_or(1) as usize)?.enter();
    let want = Want {
        fresh_ms: limits.fresh_ms,
        wait_ms: options.wait_ms.map_or(limits.wait_ms, u64::from),
        usable_at_once: options.usable_at_once.unwrap_or(false),
    };
    let behaviour = Behaviour { limits, mixed_fleet: options.mixed_fleet.unwrap_or(false) };
    let format = required("GMAIL_ENCRYPTION_KEY", options.gmail_encryption_key.as_ref())
        .and_then(gmail::format)
        .map(Arc::new);
    Gmail::new(gmail::Options {
        database: database(options),
        format,
        google: google(options).map(Arc::new),
        behaviour,
        want,
        observer,
    })
}

/// The settings of the pool.
pub(super) fn database(options: &KeepOptions) -> Result<DatabaseSettings> {
    let url = required("DATABASE_URL", options.database_url.as_ref())?;
    let mut settings = DatabaseSettings::new(url, options.schema.as_deref())?;
    if let Some(connections) = options.max_connections {
        if !(1..=POOL_MAX_CONNECTIONS).contains(&(connections as usize)) {
            return Err(Error::configuration("maxConnections", "must be from 1 to 1000"));
        }
        settings.max_connections = connections as usize;
    }
    if let Some(ms) = options.connect_timeout_ms {
        settings.connect_timeout_ms = u64::from(ms);
    }
    if let Some(ms) = options.pool_wait_ms {
        settings.wait_timeout_ms = u64::from(ms);
    }
    Ok(settings)
}

fn google(options: &KeepOptions) -> Result<HttpEndpoint> {
    let credentials = ClientCredentials {
        id: required("GOOGLE_CLIENT_ID", options.google_client_id.as_ref())?.to_owned(),
        secret: ClientSecret::new(required(
            "GOOGLE_CLIENT_SECRET",
            options.google_client_secret.as_ref(),
        )?),
    };
    let token_url = options.google_token_url.as_deref();
    HttpEndpoint::new(GOOGLE, token_url, credentials, http_client()?)
}

impl KeepOptions {
    /// JavaScript keeps these strings, too; here at least no copy outlives its use.
    pub(super) fn wipe(&mut self) {
        self.database_url.zeroize();
        self.gmail_encryption_key.zeroize();
        self.google_client_secret.zeroize();
    }
}

fn required<'a>(variable: &'static str, value: Option<&'a String>) -> Result<&'a str> {
    match value.map(String::as_str) {
        Some(value) if !value.is_empty() => Ok(value),
        _ => Err(Error::configuration(variable, missing(variable))),
    }
}

fn missing(variable: &str) -> &'static str {
    match variable {
        "GMAIL_ENCRYPTION_KEY" => {
            "is not set. Make a key with: npx tokenkeep keygen, and keep it where the application's other secrets are"
        }
        "DATABASE_URL" => "is not set. It is needed as postgres://user:password@host:5432/name",
        _ => "is not set. It is needed to refresh tokens at Google",
    }
}

/// One HTTP client for the process.
fn http_client() -> Result<Arc<dyn HttpClient>> {
    static CLIENT: OnceLock<Arc<Reqwest>> = OnceLock::new();
    let client = match CLIENT.get() {
        Some(client) => client,
        None => {
            let built = Arc::new(Reqwest::new()?);
            CLIENT.get_or_init(|| built)
        }
    };
    let client: Arc<dyn HttpClient> = client.clone();
    Ok(client)
}

/// Tells the face what the engine tells.
struct Teller {
    outbox: Arc<Outbox>,
    number: u32,
}

impl Observer for Teller {
    fn tell(&self, event: Event) {
        self.outbox.send(Message::Event(self.number, event));
    }

    fn hold(&self, held: bool) {
        self.outbox.send(Message::Hold(held));
    }
}
