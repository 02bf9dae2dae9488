//! Connect links, for users who are not signed in in a browser.

use super::pending_authorization::{ConnectLink, of_tenant};
use super::{At, Begin, Connect, expired};
use crate::error::{Error, NotAuthorized, Result};
use crate::store::integration::provider_name;
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
        at: Option<At>,
    ) -> Result<String> {
        let user_id = store.key(user_id)?;
        self.check(at.as_ref())?;
        let tenant = store.rls().tenant().map(str::to_owned);
        let store = S::STORE.to_owned();
        let variables = at.as_ref().map(|at| at.variables.clone()).unwrap_or_default();
        let (provider, redirect_uri) = at.map(|at| (at.provider, at.redirect_uri)).unzip();
        let link = ConnectLink {
            store,
            user_id,
            scopes,
            return_to,
            tenant,
            provider,
            redirect_uri,
            variables,
        };
        self.put::<S>(&link).await
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
        provider: Option<&str>,
    ) -> Result<()> {
        self.link_of(store, link, user_id, provider).await.map(drop)
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
        provider: Option<&str>,
    ) -> Result<String> {
        let found = self.link_of(store, link, user_id, provider).await?;
        let ConnectLink {
            user_id,
            scopes,
            return_to,
            tenant,
            provider,
            redirect_uri,
            variables,
            ..
        } = found.pending.clone();
        let at = provider.zip(redirect_uri);
        let at = at.map(|(provider, redirect_uri)| At { provider, redirect_uri, variables });
        let begin = Begin { user_id, browser: Some(browser), scopes, return_to, at };
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
        provider: Option<&str>,
    ) -> Result<Found<ConnectLink>> {
        // A missing client is found before the database is asked.
        self.server(provider)?;
        let found: Found<ConnectLink> = self.find::<S, _>(link).await?;
        let name = found.pending.provider.as_deref().map(provider_name);
        if found.pending.store != S::STORE || name != provider {
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
