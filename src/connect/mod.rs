//! How a user connects and disconnects: a link for whoever is not signed in, the authorization code
//! flow (RFC 6749, section 4.1), and revocation (RFC 7009).
//!
//! ```text
//! link -> follow -> begin -> the user agrees at the provider -> finish
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
use crate::error::{Error, NotAuthorized, Result};
use crate::oauth::{AuthorizationRequest, AuthorizationServer, redacted};
use crate::refresh::{Event, EventKind, Observer};
use crate::store::{Accounts, Connects, Found, Pending, PendingTable};
use tokio_util::task::TaskTracker;

/// Bytes of a code verifier: 43 characters (RFC 7636, section 4.1).
const CODE_VERIFIER_BYTES: usize = 32;

/// What connecting needs.
pub struct Options {
    /// What waits for a user to come back.
    pub pending: PendingTable,
    /// Which accounts were connected.
    pub accounts: Accounts,
    /// Where users agree.
    pub server: Result<Arc<AuthorizationServer>>,
    /// Where they come back to.
    pub redirect_uri: Result<RedirectUri>,
    /// Who is told of events.
    pub observer: Arc<dyn Observer>,
}

/// The way in and out.
pub struct Connect {
    options: Options,
    tasks: TaskTracker,
}

/// Who connects, how.
#[derive(Clone)]
pub struct Begin {
    /// The user, as the application knows it.
    pub user_id: String,
    /// What the application keeps in the browser: only there the flow may end. `None`: anywhere.
    pub browser: Option<String>,
    /// What the application wants to be allowed.
    pub scopes: Vec<String>,
    /// Where the application wants the browser to go at last.
    pub return_to: Option<String>,
}

impl std::fmt::Debug for Begin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Begin(redacted)")
    }
}

/// What the authorization server sent the browser back with.
#[derive(Clone, Default)]
pub struct AuthorizationResponse {
    /// The state that came back.
    pub state: String,
    /// The authorization code.
    pub code: Option<String>,
    /// An error (RFC 6749, section 4.1.2.1).
    pub error: Option<String>,
    /// Who answers (RFC 9207).
    pub issuer: Option<String>,
    /// What the application has found in the browser.
    pub browser: Option<String>,
    /// Whether the flow must have been begun for a browser: where nobody compares the user.
    pub requires_browser: bool,
    /// Who is signed in there; `None`: the application does not know.
    pub user_id: Option<String>,
}

impl std::fmt::Debug for AuthorizationResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuthorizationResponse(redacted)")
    }
}

/// A user is connected.
#[derive(Debug)]
pub struct Connected {
    /// The user.
    pub user_id: String,
    /// Where the application wants the browser to go.
    pub return_to: Option<String>,
    /// Whether it is another account than before.
    pub account_changed: bool,
}

impl Connect {
    /// Connects nobody yet; what is missing matters when somebody does.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let tasks = TaskTracker::new();
        // A tracker that is not closed is never idle; it goes on to count tasks.
        tasks.close();
        Self { options, tasks }
    }

    /// Waits until no code is being exchanged, and nobody disconnected.
    pub async fn wait_idle(&self) {
        self.tasks.wait().await;
    }

    /// Begins a flow; gives where the browser is to be sent.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`], [`Error::Configuration`]; [`Error::Database`] and its kin.
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
        let signed = self.options.pending.put(&state).await?;
        Ok(server.authorization_url(AuthorizationRequest {
            redirect_uri: &state.redirect_uri,
            scopes: &state.scopes,
            state: &signed,
            code_verifier: &state.code_verifier,
        }))
    }

    /// Whether everything is there that a flow needs: before somebody is sent on the way.
    fn check(&self) -> Result<(&AuthorizationServer, &RedirectUri)> {
        let server = self.options.server.as_ref().map_err(Clone::clone)?;
        Ok((server, self.options.redirect_uri.as_ref().map_err(Clone::clone)?))
    }

    /// Ends a flow: exchanges the code and stores the tokens. Its state is used up by the first who
    /// comes with it from the right browser, however that ends.
    ///
    /// # Errors
    /// [`Error::Authorization`], and nothing was stored; [`Error::Database`] and its kin.
    pub async fn finish(
        &self,
        store: &impl Connects,
        response: AuthorizationResponse,
    ) -> Result<Connected> {
        let _token = self.tasks.token();
        let (server, _) = self.check()?;
        let found = self.find::<PendingAuthorization>(&response.state).await?;
        found.pending.check(&response, store, server.issuer())?;
        let store = &of_tenant(store, found.pending.tenant.as_deref())?;
        if let Some(code) = &response.code {
            check_text("code", code, CODE_MAX_BYTES)?;
        }
        let began = self.options.pending.take(&found).await?.ok_or_else(expired)?;
        let state = found.pending;
        let code = match (&response.error, &response.code) {
            (None, Some(code)) => code,
            (Some(error), _) if error == "access_denied" => {
                return Err(Error::authorization(NotAuthorized::Denied));
            }
            (error, _) => {
                let said = error.as_deref().map(redacted).unwrap_or_default();
                return Err(Error::not_authorized(NotAuthorized::ServerRefused, said));
            }
        };
        let grant = server.exchange(code, &state.redirect_uri, &state.code_verifier).await?;
        let account_changed = self.store_grant(store, &state, grant, began).await?;
        Ok(Connected { user_id: state.user_id, return_to: state.return_to, account_changed })
    }

    async fn find<P: Pending>(&self, signed: &str) -> Result<Found<P>> {
        self.options.pending.find(signed).await?.ok_or_else(expired)
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

fn expired() -> Error {
    Error::authorization(NotAuthorized::Expired)
}
