//! Links for users who are not signed in in any browser.

use super::pending_authorization::{ConnectLink, of_tenant};
use super::{Begin, Connect, expired};
use crate::error::{Error, NotAuthorized, Result};
use crate::store::{Connects, Found};

impl Connect {
    /// A connect link, for a user who is not signed in in any browser: whoever has it can connect an account
    /// to this user, once, within a day.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`], [`Error::Configuration`]; [`Error::Database`] and its kin.
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
        self.options.pending.put(&ConnectLink { store, user_id, scopes, return_to, tenant }).await
    }

    /// Whether a link would be taken; it is not used up.
    ///
    /// # Errors
    /// [`Error::Authorization`] when it would not; [`Error::Database`] and its kin.
    pub async fn check_connect_link(
        &self,
        store: &impl Connects,
        link: &str,
        user_id: Option<&str>,
    ) -> Result<()> {
        self.link_of(store, link, user_id).await.map(drop)
    }

    /// Uses a link up; gives where the browser is to be sent.
    ///
    /// # Errors
    /// As [`Connect::check_connect_link`] and [`Connect::begin`].
    pub async fn follow(
        &self,
        store: &impl Connects,
        link: &str,
        user_id: Option<&str>,
        browser: String,
    ) -> Result<String> {
        let found = self.link_of(store, link, user_id).await?;
        let ConnectLink { user_id, scopes, return_to, tenant, .. } = found.pending.clone();
        let begin = Begin { user_id, browser: Some(browser), scopes, return_to };
        let url = self.begin(&of_tenant(store, tenant.as_deref())?, begin).await?;
        // At last: a state that nobody is sent away with does no harm, a link that is lost does.
        self.options.pending.take(&found).await?.ok_or_else(expired)?;
        Ok(url)
    }

    async fn link_of<S: Connects>(
        &self,
        store: &S,
        link: &str,
        user_id: Option<&str>,
    ) -> Result<Found<ConnectLink>> {
        self.check()?;
        let found: Found<ConnectLink> = self.find(link).await?;
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
