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

use std::sync::Arc;

use self::pending_authorization::{PendingAuthorization, of_tenant};
pub use self::redirect_uri::RedirectUri;
use crate::config::{CODE_MAX_BYTES, TEXT_MAX_BYTES, check_text};
use crate::crypto::random_text;
use crate::db::Timestamp;
use crate::error::{Error, NotAuthorized, Result};
use crate::oauth::{AuthorizationRequest, AuthorizationServer, redacted};
use crate::refresh::{Event, EventKind, Observer};
use crate::store::{Accounts, Connects, Found, Pending, PendingTable};
use tokio_util::task::TaskTracker;

/// The random bytes of a code verifier, which become 43 characters (RFC 7636, section 4.1).
const CODE_VERIFIER_BYTES: usize = 32;

/// The options of [`Connect`].
pub struct Options {
    /// Stored connect links and pending authorizations.
    pub pending: PendingTable,
    /// The accounts of connected users.
    pub accounts: Accounts,
    /// The authorization server.
    pub server: Result<Arc<AuthorizationServer>>,
    /// The redirect URI.
    pub redirect_uri: Result<RedirectUri>,
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
        let Begin { user_id, browser, scopes, return_to } = begin;
        let user_id = store.key(&user_id)?;
        if let Some(browser) = &browser {
            check_text("browser", browser, TEXT_MAX_BYTES)?;
        }
        for scope in &scopes {
            check_text("scopes", scope, TEXT_MAX_BYTES)?;
        }
        let (server, redirect_uri) = self.check()?;
        let code_verifier = random_text::<CODE_VERIFIER_BYTES>()?;
        let redirect_uri = redirect_uri.as_str().to_owned();
        let state = PendingAuthorization {
            store: S::STORE.to_owned(),
            user_id,
            browser,
            code_verifier,
            redirect_uri,
            scopes,
            return_to,
            tenant: store.rls().tenant().map(str::to_owned),
        };
        let signed = self.put::<S>(&state).await?;
        Ok(server.authorization_url(AuthorizationRequest {
            redirect_uri: &state.redirect_uri,
            scopes: &state.scopes,
            state: &signed,
            code_verifier: &state.code_verifier,
        }))
    }

    /// Checks that the options for a flow are valid.
    fn check(&self) -> Result<(&AuthorizationServer, &RedirectUri)> {
        let server = self.options.server.as_ref().map_err(Clone::clone)?;
        Ok((server, self.options.redirect_uri.as_ref().map_err(Clone::clone)?))
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
        let (server, _) = self.check()?;
        let found = self.find::<S, PendingAuthorization>(&response.state).await?;
        found.pending.check(&response, store, server.issuer())?;
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
        let grant = server.exchange(code, &state.redirect_uri, &state.code_verifier).await?;
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

/// The error with the store's name: the migration of each store that users connect to creates the table.
fn of_store<S: Connects>(error: Error) -> Error {
    error.of_store(S::STORE)
}

fn expired() -> Error {
    Error::authorization(NotAuthorized::Expired)
}
