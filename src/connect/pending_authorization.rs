//! Connect links and pending authorizations as they are stored.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::AuthorizationResponse;
use crate::db::RlsContext;
use crate::error::{Error, NotAuthorized, Result};
use crate::oauth::ConnectionVariables;
use crate::store::integration::provider_name;
use crate::store::{Connects, Pending};

/// A connect link.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ConnectLink {
    pub(super) store: String,
    pub(super) user_id: String,
    pub(super) scopes: Vec<String>,
    pub(super) return_to: Option<String>,
    #[serde(default)]
    pub(super) tenant: Option<String>,
    /// The provider, with the key of a further account; `None`: Google, at the redirect URI of its own.
    #[serde(default)]
    pub(super) provider: Option<String>,
    #[serde(default)]
    pub(super) redirect_uri: Option<String>,
    /// The values of the connection's variables.
    #[serde(default)]
    pub(super) variables: ConnectionVariables,
}

impl Pending for ConnectLink {
    // The value in existing rows of `tokenkeep.oauth_state`.
    const KIND: &'static str = "ticket";
    const LIFETIME_S: i64 = 24 * 60 * 60;
}

/// A started flow.
#[derive(Serialize, Deserialize)]
pub(super) struct PendingAuthorization {
    pub(super) store: String,
    pub(super) user_id: String,
    pub(super) browser: Option<String>,
    pub(super) code_verifier: Zeroizing<String>,
    pub(super) redirect_uri: String,
    pub(super) scopes: Vec<String>,
    pub(super) return_to: Option<String>,
    /// The tenant, which is unknown when the provider redirects the browser to its single address.
    #[serde(default)]
    pub(super) tenant: Option<String>,
    /// The provider, with the key of a further account; `None`: Google.
    #[serde(default)]
    pub(super) provider: Option<String>,
    /// The values of the connection's variables.
    #[serde(default)]
    pub(super) variables: ConnectionVariables,
}

impl Pending for PendingAuthorization {
    const KIND: &'static str = "state";
    const LIFETIME_S: i64 = 10 * 60;
}

impl PendingAuthorization {
    /// Checks that the response comes from the browser, user and server of the flow. This happens before the
    /// state is consumed, so that a stranger cannot consume it.
    pub(super) fn check<S: Connects>(
        &self,
        response: &AuthorizationResponse,
        store: &S,
        issuer: Option<&str>,
    ) -> Result<()> {
        let other = |reason| Err(Error::authorization(reason));
        let name = self.provider.as_deref().map(provider_name);
        if self.store != S::STORE || name != response.provider.as_deref() {
            return other(NotAuthorized::Expired);
        }
        let is_bound = self.browser.is_some();
        if (is_bound && self.browser != response.browser)
            || (response.requires_browser && !is_bound)
        {
            return other(NotAuthorized::AnotherBrowser);
        }
        if let Some(user_id) = &response.user_id
            && store.key(user_id)? != self.user_id
        {
            return other(NotAuthorized::AnotherUser);
        }
        if let (Some(answering), Some(issuer)) = (response.issuer.as_deref(), issuer)
            && answering != issuer
        {
            return other(NotAuthorized::AnotherIssuer);
        }
        Ok(())
    }
}

/// The store for the tenant for which a flow was started; another tenant cannot complete it. Without one, the
/// tenant of the current call applies.
pub(super) fn of_tenant<S: Connects>(store: &S, tenant: Option<&str>) -> Result<S> {
    match (tenant, store.rls().tenant()) {
        (Some(began), Some(here)) if began != here => {
            Err(Error::authorization(NotAuthorized::AnotherUser))
        }
        (Some(began), _) => Ok(store.for_tenant(&RlsContext::of_tenant(began))),
        (None, _) => Ok(store.for_tenant(store.rls())),
    }
}
