//! How users connect and disconnect: connect links, the authorization code flow (RFC 6749, section 4.1), and
//! revocation (RFC 7009).
//!
//! ```text
//! link -> follow -> begin -> consent at the provider -> finish
//! ```

mod connect_link;
mod grant;
mod pending_authorization;
mod redirect_uri;
mod revoke;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use self::pending_authorization::{PendingAuthorization, of_tenant};
pub use self::redirect_uri::RedirectUri;
use crate::config::{CODE_MAX_BYTES, TEXT_MAX_BYTES, check_text};
use crate::crypto::random_text;
use crate::db::Timestamp;
use crate::error::{Error, NotAuthorized, Result};
use crate::oauth::{
    AuthorizationRequest, AuthorizationServer, BUILT_IN_NAMES, ConnectionVariables, Grant,
    did_you_mean, redacted,
};
use crate::refresh::{Event, EventKind, Observer, Runtime, Tokio};
use crate::store::integration::provider_name;
use crate::store::{Accounts, Connects, Found, Pending, PendingTable};
use tokio_util::task::TaskTracker;

/// The random bytes of a code verifier, which become 43 characters (RFC 7636, section 4.1).
const CODE_VERIFIER_BYTES: usize = 32;

/// Authorization servers by the provider's name.
pub type Servers = HashMap<String, Result<Arc<AuthorizationServer>>>;

/// The options of [`Connect`].
pub struct Options {
    /// Stored connect links and pending authorizations.
    pub pending: PendingTable,
    /// The accounts of connected users.
    pub accounts: Accounts,
    /// Google, for flows that name no provider.
    pub google: Result<Arc<AuthorizationServer>>,
    /// The redirect URI of those flows.
    pub redirect_uri: Result<RedirectUri>,
    /// The providers of flows that name one.
    pub servers: Servers,
    /// Receives events.
    pub observer: Arc<dyn Observer>,
}

/// Connects and disconnects users.
pub struct Connect {
    options: Options,
    tasks: TaskTracker,
}

/// The arguments of a new flow.
#[derive(Clone)]
pub struct Begin {
    /// The application's ID of the user.
    pub user_id: String,
    /// A value in the user's browser; the flow must be completed in the same browser. `None`: in any.
    pub browser: Option<String>,
    /// The requested scopes.
    pub scopes: Vec<String>,
    /// The URL to which the browser is redirected in the end.
    pub return_to: Option<String>,
    /// The provider; `None`: Google.
    pub at: Option<At>,
}

/// The provider of a flow, and where it redirects the browser.
#[derive(Debug, Clone)]
pub struct At {
    /// Its name, for a further account followed by `#` and the key of the account.
    pub provider: String,
    /// The redirect URI.
    pub redirect_uri: String,
    /// The values of the connection's variables.
    pub variables: ConnectionVariables,
}

/// The provider of flows that name none.
const GOOGLE: &str = "google";

/// The store's name under which the account of a user is kept. Accounts at Google are kept under the bare name.
fn account_store<S: Connects>(provider: Option<&str>) -> Cow<'static, str> {
    match provider {
        None | Some(GOOGLE) => S::STORE.into(),
        Some(provider) => format!("{}/{provider}", S::STORE).into(),
    }
}

impl std::fmt::Debug for Begin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Begin(redacted)")
    }
}

/// The authorization response (RFC 6749, section 4.1.2), and what the application knows about the browser.
#[derive(Clone, Default)]
pub struct AuthorizationResponse {
    /// The state.
    pub state: String,
    /// The authorization code.
    pub code: Option<String>,
    /// An error (RFC 6749, section 4.1.2.1).
    pub error: Option<String>,
    /// The issuer (RFC 9207).
    pub issuer: Option<String>,
    /// The other parameters.
    pub parameters: HashMap<String, String>,
    /// The provider to whose redirect URI the browser was redirected; `None`: that of Google's own.
    pub provider: Option<String>,
    /// The value in the browser.
    pub browser: Option<String>,
    /// Whether the flow must have been started for a browser, which is necessary if the user is not compared.
    pub requires_browser: bool,
    /// The signed-in user; `None` if the application does not know it.
    pub user_id: Option<String>,
}

impl std::fmt::Debug for AuthorizationResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuthorizationResponse(redacted)")
    }
}

/// The result of a completed flow.
#[derive(Debug)]
pub struct Connected {
    /// The user.
    pub user_id: String,
    /// The URL to which to redirect the browser.
    pub return_to: Option<String>,
    /// Whether the account differs from the one before.
    pub account_changed: bool,
}

impl Connect {
    /// Errors in the options are returned by the calls that need them.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let tasks = TaskTracker::new();
        // `wait` returns only if the tracker is closed; a closed tracker still counts tasks.
        tasks.close();
        Self { options, tasks }
    }

    /// Waits until no call of [`finish`](Self::finish), [`disconnect`](Self::disconnect) or
    /// [`revoke`](Self::revoke) is running.
    pub async fn wait_idle(&self) {
        self.tasks.wait().await;
    }

    /// Starts a flow; returns the URL to which to redirect the browser.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`], [`Error::Configuration`]; [`Error::Database`] and the like.
    pub async fn begin<S: Connects>(&self, store: &S, begin: Begin) -> Result<String> {
        let Begin { user_id, browser, scopes, return_to, at } = begin;
        let user_id = store.key(&user_id)?;
        if let Some(browser) = &browser {
            check_text("browser", browser, TEXT_MAX_BYTES)?;
        }
        for scope in &scopes {
            check_text("scopes", scope, TEXT_MAX_BYTES)?;
        }
        let (server, redirect_uri) = self.check(at.as_ref())?;
        let found = server.found().await?;
        let server = found.as_deref().unwrap_or(server);
        let state = PendingAuthorization {
            store: S::STORE.to_owned(),
            user_id,
            browser,
            code_verifier: random_text::<CODE_VERIFIER_BYTES>()?,
            redirect_uri: redirect_uri.to_owned(),
            scopes,
            return_to,
            tenant: store.rls().tenant().map(str::to_owned),
            provider: at.as_ref().map(|at| at.provider.clone()),
            variables: at.as_ref().map(|at| at.variables.clone()).unwrap_or_default(),
        };
        let signed = self.put::<S>(&state).await?;
        server.authorization_url(AuthorizationRequest {
            redirect_uri: &state.redirect_uri,
            scopes: &state.scopes,
            state: &signed,
            code_verifier: &state.code_verifier,
            variables: &state.variables,
        })
    }

    /// Checks that the options for a flow are valid.
    fn check<'a>(&'a self, at: Option<&'a At>) -> Result<(&'a AuthorizationServer, &'a str)> {
        if let Some(at) = at {
            check_text("provider", &at.provider, TEXT_MAX_BYTES)?;
        }
        let server = self.server(at.map(|at| at.provider.as_str()))?;
        if let Some(at) = at {
            server.provider().check_variables(&at.variables)?;
        }
        let redirect_uri = match at {
            Some(at) => &at.redirect_uri,
            None => self.options.redirect_uri.as_ref().map_err(Clone::clone)?.as_str(),
        };
        Ok((server, redirect_uri))
    }

    /// Whether a provider of exactly this name is described, or is Google with a client.
    #[must_use]
    pub fn knows(&self, provider: &str) -> bool {
        self.options.servers.contains_key(provider)
            || (provider == GOOGLE && self.options.google.is_ok())
    }

    /// The names of those providers, sorted.
    #[must_use]
    pub fn providers(&self) -> Vec<String> {
        let described = self.options.servers.keys().cloned();
        let google = [GOOGLE.to_owned()].into_iter().filter(|name| self.knows(name));
        described.chain(google).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The authorization server of a provider; `None`: Google.
    ///
    /// # Errors
    /// [`Error::Configuration`] if it is not described, or has no client.
    pub fn server(&self, provider: Option<&str>) -> Result<&AuthorizationServer> {
        let name = provider.map(provider_name);
        let described = name.and_then(|name| self.options.servers.get(name));
        let server = match (described, name) {
            (Some(server), _) => server,
            (None, None | Some(GOOGLE)) => &self.options.google,
            (None, Some(name)) => {
                let is_built_in = BUILT_IN_NAMES.contains(&name);
                let described = self.options.servers.keys().map(String::as_str);
                let known = described.chain(BUILT_IN_NAMES.iter().copied());
                let told = if is_built_in { String::new() } else { did_you_mean(name, known) };
                let reason = format!("is not set: describe the provider, or set its client{told}");
                return Err(Error::configuration(format!("providers.{name}"), reason));
            }
        };
        server.as_deref().map_err(Clone::clone)
    }

    /// Completes a flow: exchanges the code and stores the tokens. The first call from the right browser consumes
    /// the state, whatever its result.
    ///
    /// # Errors
    /// [`Error::Authorization`] if nothing was stored; [`Error::Database`] and the like.
    pub async fn finish<S: Connects>(
        &self,
        store: &S,
        response: AuthorizationResponse,
    ) -> Result<Connected> {
        let _token = self.tasks.token();
        let server = self.server(response.provider.as_deref())?;
        let found = self.find::<S, PendingAuthorization>(&response.state).await?;
        let provider = found.pending.provider.clone();
        let finished = self.finish_found(store, &response, server, found).await;
        finished.map_err(|error| error.for_account_of(provider.as_deref()))
    }

    async fn finish_found<S: Connects>(
        &self,
        store: &S,
        response: &AuthorizationResponse,
        server: &AuthorizationServer,
        found: Found<PendingAuthorization>,
    ) -> Result<Connected> {
        found.pending.check(response, store, server.issuer())?;
        let discovered = server.found().await?;
        let server = discovered.as_deref().unwrap_or(server);
        if response.issuer.is_none() && server.sends_issuer() {
            return Err(Error::authorization(NotAuthorized::AnotherIssuer));
        }
        let store = &of_tenant(store, found.pending.tenant.as_deref())?;
        if let Some(code) = &response.code {
            check_text("code", code, CODE_MAX_BYTES)?;
        }
        let began = self.take::<S>(&found).await?;
        let state = found.pending;
        let code = match (&response.error, &response.code) {
            (None, Some(code)) => code,
            (Some(error), _) if error == "access_denied" => {
                return Err(Error::authorization(NotAuthorized::Denied));
            }
            (error, _) => {
                let code = error.as_deref().map(redacted).unwrap_or_default();
                return Err(Error::not_authorized(NotAuthorized::ServerRefused, code));
            }
        };
        let provider = server.provider();
        let variables = provider.answered_variables(&state.variables, &response.parameters)?;
        let PendingAuthorization { redirect_uri, code_verifier, .. } = &state;
        let grant =
            server.exchange(code, redirect_uri, code_verifier, &variables, unix_time()).await?;
        let kept = provider.metadata_of_response(variables, &response.parameters);
        let grant = Grant { metadata: kept.with(&grant.metadata), ..grant };
        let account_changed = self.store_grant(store, &state, grant, began).await?;
        Ok(Connected { user_id: state.user_id, return_to: state.return_to, account_changed })
    }

    async fn put<S: Connects>(&self, pending: &impl Pending) -> Result<String> {
        self.options.pending.put(pending).await.map_err(of_store::<S>)
    }

    async fn find<S: Connects, P: Pending>(&self, signed: &str) -> Result<Found<P>> {
        self.options.pending.find(signed).await.map_err(of_store::<S>)?.ok_or_else(expired)
    }

    async fn take<S: Connects>(&self, found: &Found<impl Pending>) -> Result<Timestamp> {
        self.options.pending.take(found).await.map_err(of_store::<S>)?.ok_or_else(expired)
    }

    fn tell<S: Connects>(&self, kind: EventKind, key: &str, code: Option<&'static str>) {
        let (store, key) = (S::STORE, key.to_owned());
        self.options.observer.tell(Event {
            kind,
            store,
            key,
            duration_ms: None,
            code,
            reason: None,
        });
    }
}

/// The time since 1970.
fn unix_time() -> Duration {
    Tokio::default().wall()
}

/// The error with the store's name: the migration of each store that users connect to creates the table.
fn of_store<S: Connects>(error: Error) -> Error {
    error.of_store(S::STORE)
}

fn expired() -> Error {
    Error::authorization(NotAuthorized::Expired)
}
