//! Links for users who are not signed in in any browser.

use super::waiting::{Ticket, of_tenant};
use super::{Begin, Connect, expired};
use crate::error::{Error, NotAuthorized, Result};
use crate::store::{Connects, Found};

impl Connect {
    /// A ticket for a user who is not signed in in any browser: whoever has it can connect an account
    /// to this user, once, within a day.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`], [`Error::Configuration`]; [`Error::Database`] and its kin.
    pub async fn ticket<S: Connects>(
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
        self.options.pending.put(&Ticket { store, user_id, scopes, return_to, tenant }).await
    }

    /// Whether a ticket would be taken; it is not used up.
    ///
    /// # Errors
    /// [`Error::Authorization`] when it would not; [`Error::Database`] and its kin.
    pub async fn check_ticket(
        &self,
        store: &impl Connects,
        ticket: &str,
        user_id: Option<&str>,
    ) -> Result<()> {
        self.ticket_of(store, ticket, user_id).await.map(drop)
    }

    /// Uses a ticket up; gives where the browser is to be sent.
    ///
    /// # Errors
    /// As [`Connect::check_ticket`] and [`Connect::begin`].
    pub async fn follow(
        &self,
        store: &impl Connects,
        ticket: &str,
        user_id: Option<&str>,
        browser: String,
    ) -> Result<String> {
        let found = self.ticket_of(store, ticket, user_id).await?;
        let Ticket { user_id, scopes, return_to, tenant, .. } = found.pending.clone();
        let begin = Begin { user_id, browser: Some(browser), scopes, return_to };
        let url = self.begin(&of_tenant(store, tenant.as_deref())?, begin).await?;
        // At last: a state that nobody is sent away with does no harm, a ticket that is lost does.
        self.options.pending.take(&found).await?.ok_or_else(expired)?;
        Ok(url)
    }

    async fn ticket_of<S: Connects>(
        &self,
        store: &S,
        ticket: &str,
        user_id: Option<&str>,
    ) -> Result<Found<Ticket>> {
        self.check()?;
        let found: Found<Ticket> = self.find(ticket).await?;
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
