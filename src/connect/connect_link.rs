//! Connect links, for users who are not signed in in a browser.

use super::pending_authorization::{ConnectLink, of_tenant};
use super::{Begin, Connect, expired};
use crate::error::{Error, NotAuthorized, Result};
use crate::store::{Connects, Found};

impl Connect {
    /// Creates a connect link: its holder can connect one account to this user within 24 hours.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`], [`Error::Configuration`]; [`Error::Database`] and the like.
    pub async fn link<S: Connects>(
        &self,
        store: &S,
        user_id: &str,
        scopes: Vec<String>,
        return_to: Option<String>,
    ) -> Result<String> {
        let user_id = store.key(user_id)?;
        self.check()?;
        let tenant = store.rls().tenant().map(str::to_owned);
        let store = S::STORE.to_owned();
        self.put::<S>(&ConnectLink { store, user_id, scopes, return_to, tenant }).await
    }

    /// Checks that a link is valid, without consuming it.
    ///
    /// # Errors
    /// [`Error::Authorization`] if it is not; [`Error::Database`] and the like.
    pub async fn check_connect_link(
        &self,
        store: &impl Connects,
        link: &str,
        user_id: Option<&str>,
    ) -> Result<()> {
        self.link_of(store, link, user_id).await.map(drop)
    }

    /// Consumes a link; returns the URL to which to redirect the browser.
    ///
    /// # Errors
    /// Like [`Connect::check_connect_link`] and [`Connect::begin`].
    pub async fn follow<S: Connects>(
        &self,
        store: &S,
        link: &str,
        user_id: Option<&str>,
        browser: String,
    ) -> Result<String> {
        let found = self.link_of(store, link, user_id).await?;
        let ConnectLink { user_id, scopes, return_to, tenant, .. } = found.pending.clone();
        let begin = Begin { user_id, browser: Some(browser), scopes, return_to };
        let url = self.begin(&of_tenant(store, tenant.as_deref())?, begin).await?;
        // Last: an unused state is harmless, a link that was consumed without effect is not.
        self.take::<S>(&found).await?;
        Ok(url)
    }

    async fn link_of<S: Connects>(
        &self,
        store: &S,
        link: &str,
        user_id: Option<&str>,
    ) -> Result<Found<ConnectLink>> {
        self.check()?;
        let found: Found<ConnectLink> = self.find::<S, _>(link).await?;
        if found.pending.store != S::STORE {
            return Err(expired());
        }
        of_tenant(store, found.pending.tenant.as_deref())?;
        match user_id {
            Some(user_id) if store.key(user_id)? != found.pending.user_id => {
                Err(Error::authorization(NotAuthorized::AnotherUser))
            }
            _ => Ok(found),
        }
    }
}
