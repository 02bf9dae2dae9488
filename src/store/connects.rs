//! What a store does when a user connects or disconnects.

use super::Store;
use crate::db::{RlsContext, Timestamp};
use crate::error::Result;
use crate::refresh::Credentials;

/// What a user has just given.
#[derive(Debug)]
pub struct Granted {
    /// The tokens; without a refresh token the stored one is kept.
    pub credentials: Credentials,
    /// Until when the access token is valid.
    pub expires_at: Timestamp,
    /// The granted scopes.
    pub scopes: Vec<String>,
    /// The client that was given them, as [`crate::oauth::TokenEndpoint::client`] names it.
    pub client: String,
    /// Whether a stored refresh token may be kept: not when it is another account's.
    pub may_keep: bool,
}

/// A store that users connect to.
pub trait Connects: Store {
    /// The store's name.
    const STORE: &'static str = Self::MIGRATION.store;

    /// Whose rows it shows.
    fn rls(&self) -> &RlsContext;

    /// The user's key in the form in which it names a row.
    ///
    /// # Errors
    /// [`crate::error::Error::InvalidArgument`] when no row can have it.
    fn key(&self, user_id: &str) -> Result<String>;

    /// Stores what the user has given.
    ///
    /// # Errors
    /// [`crate::error::Error::Authorization`] when there is no refresh token at all;
    /// [`crate::error::Error::Database`] and its kin.
    fn connect(&self, key: &str, granted: Granted) -> impl Future<Output = Result<()>> + Send;

    /// Deletes what is stored; gives it, for the provider to be told. `None`: there was nothing.
    ///
    /// # Errors
    /// [`crate::error::Error::Database`] and its kin.
    fn disconnect(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<Option<Result<Credentials>>>> + Send;
}
