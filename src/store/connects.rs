//! What a store does when a user connects or disconnects.

use super::Store;
use crate::db::{RlsContext, Timestamp};
use crate::error::Result;
use crate::oauth::Metadata;
use crate::refresh::Credentials;

/// What a user has just granted.
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
    /// What else is kept with the row.
    pub metadata: Metadata,
    /// What of the stored metadata it replaces.
    pub replaced: ReplacedMetadata,
}

/// What of a row's metadata is replaced when other is stored.
#[derive(Debug, Clone, Default)]
pub struct ReplacedMetadata {
    /// The names of members that are removed before the new ones are added.
    pub names: Vec<String>,
    /// Whether tokens are not stored without the metadata, in a table without the column.
    pub is_required: bool,
}

/// A store that users connect to. `provider` is the provider's name, for a further account followed by `#` and the
/// key of the account.
pub trait Connects: Store {
    /// The store's name.
    const STORE: &'static str = Self::MIGRATION.store;

    /// Its row-security context.
    fn rls(&self) -> &RlsContext;

    /// The user's key in the form in which a row has it.
    ///
    /// # Errors
    /// [`crate::error::Error::InvalidArgument`] if no row can have it.
    fn key(&self, user_id: &str) -> Result<String>;

    /// Stores what the user has granted.
    ///
    /// # Errors
    /// [`crate::error::Error::Authorization`] if there is no refresh token to store or keep;
    /// [`crate::error::Error::Database`] and other database errors.
    fn connect(
        &self,
        key: &str,
        provider: &str,
        granted: Granted,
    ) -> impl Future<Output = Result<()>> + Send;

    /// The metadata of the row, as JSON; `None`: it has none.
    ///
    /// # Errors
    /// [`crate::error::Error::Database`] and other database errors.
    fn metadata(
        &self,
        _key: &str,
        _provider: &str,
    ) -> impl Future<Output = Result<Option<String>>> + Send {
        std::future::ready(Ok(None))
    }

    /// Deletes the stored tokens and returns them, to be revoked at the provider. `None`: there were none.
    ///
    /// # Errors
    /// [`crate::error::Error::Database`] and other database errors.
    fn disconnect(
        &self,
        key: &str,
        provider: &str,
    ) -> impl Future<Output = Result<Option<Result<Credentials>>>> + Send;
}
