//! The gmail store: one row per user in `gmail_tokens` (docs/internals/stores.md, gmail).

mod mapping;
mod migration;
mod sql;

use std::sync::Arc;

use self::mapping::{GmailMapping, Record};
pub use self::migration::MIGRATION;
use crate::config::{TEXT_MAX_BYTES, TOKEN_MAX_BYTES, check_text, timestamp};
use crate::crypto::{GmailFormat, KeyRing};
use crate::db::{Migration, Params, RlsContext, Timestamp, Type};
use crate::error::{Error, Result};
use crate::oauth::{HttpEndpoint, RefreshFn};
use crate::refresh::{Credentials, Row, Token};
use crate::secret::{AccessToken, RefreshToken};
use crate::store::base::{StoreBase, by_base};
use crate::store::table::{Write, client_of};
use crate::store::uuid::uuid_v4;
use crate::store::{Store, StoreOptions};

/// Reads the variable `GMAIL_ENCRYPTION_KEY`.
///
/// # Errors
/// [`Error::Configuration`] that never prints a key.
pub fn format(keys: &str) -> Result<GmailFormat> {
    KeyRing::parse("GMAIL_ENCRYPTION_KEY", keys).map(GmailFormat::new)
}

/// What the store is opened with. What is missing is an error of the functions that need it.
pub struct Options {
    /// What every store is opened with.
    pub base: StoreOptions,
    /// The keys.
    pub format: Result<Arc<GmailFormat>>,
    /// Google's token endpoint, with the application's credentials.
    pub google: Result<Arc<HttpEndpoint>>,
}

/// A user's tokens, to be stored.
#[derive(Debug)]
pub struct NewTokens {
    /// The application's user.
    pub user_id: String,
    /// The user's tenant.
    pub tenant_id: String,
    /// The access token.
    pub access_token: AccessToken,
    /// The refresh token; empty: there is none.
    pub refresh_token: RefreshToken,
    /// Until when the access token is valid, in milliseconds since 1970.
    pub expires_at_ms: f64,
    /// The granted scopes, separated by spaces.
    pub scope: String,
}

/// A row with its tokens opened. It shares both with the other callers.
#[derive(Debug)]
pub struct Decrypted {
    record: Arc<Record>,
    credentials: Arc<Credentials>,
    expires_at: Option<Timestamp>,
    /// The key that sealed it, as the row says.
    pub key_version: i32,
}

impl Decrypted {
    /// The row's primary key.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.record.id
    }

    /// The application's user.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.record.user_id
    }

    /// The user's tenant.
    #[must_use]
    pub fn tenant_id(&self) -> &str {
        &self.record.tenant_id
    }

    /// The access token.
    #[must_use]
    pub fn access_token(&self) -> &AccessToken {
        &self.credentials.access_token
    }

    /// The refresh token; `None`: there is none.
    #[must_use]
    pub fn refresh_token(&self) -> Option<&RefreshToken> {
        self.credentials.refresh_token.as_ref()
    }

    /// Until when the access token is valid, in milliseconds since 1970.
    #[must_use]
    pub fn expires_at_ms(&self) -> i64 {
        self.expires_at.map_or(i64::MAX, Timestamp::as_ms)
    }

    /// The granted scopes.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.record.scope
    }

    /// When the user first connected, in milliseconds since 1970.
    #[must_use]
    pub fn connected_at_ms(&self) -> i64 {
        self.record.connected_at.as_ms()
    }
}

/// The store's own statements, for one table name.
struct Statements {
    upsert: String,
    delete: String,
}

/// The store, in one row-security context.
#[derive(Clone)]
pub struct Gmail {
    base: StoreBase<GmailMapping>,
    statements: Arc<Statements>,
    google: Result<Arc<HttpEndpoint>>,
}

impl Gmail {
    /// Opens the store; connects when it is first used.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let Options { base, format, google } = options;
        let base = StoreBase::open(base, GmailMapping { format });
        let statements =
            Statements { upsert: base.named(sql::UPSERT), delete: base.named(sql::DELETE) };
        Self { base, statements: Arc::new(statements), google }
    }

    /// Stores a user's tokens; replaces what was stored, but keeps `id`, `tenant_id` and `connected_at`. A
    /// running refresh does not overwrite these tokens.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] before anything is sent; [`Error::TenantMismatch`] if the
    /// row belongs to another tenant.
    pub async fn upsert(&self, tokens: NewTokens) -> Result<()> {
        check_text("userId", &tokens.user_id, TEXT_MAX_BYTES)?;
        check_text("tenantId", &tokens.tenant_id, TEXT_MAX_BYTES)?;
        check_text("accessToken", tokens.access_token.expose(), TOKEN_MAX_BYTES)?;
        if !tokens.refresh_token.expose().is_empty() {
            check_text("refreshToken", tokens.refresh_token.expose(), TOKEN_MAX_BYTES)?;
        }
        if !tokens.scope.is_empty() {
            check_text("scope", &tokens.scope, TEXT_MAX_BYTES)?;
        }
        let expires_at = Timestamp::from_ms(timestamp("expiresAt", tokens.expires_at_ms)?);
        let table = self.base.table()?;
        let format = table.mapping.format()?;
        let access = format.seal(tokens.access_token.expose())?;
        let refresh = format.seal(tokens.refresh_token.expose())?;
        let params: Params<'_> = &[
            (&uuid_v4()?, Type::TEXT),
            (&tokens.tenant_id, Type::TEXT),
            (&tokens.user_id, Type::TEXT),
            (&access, Type::TEXT),
            (&refresh, Type::TEXT),
            (&expires_at, Type::TIMESTAMPTZ),
            (&tokens.scope, Type::TEXT),
            (&format.sealing_version(), Type::INT4),
            (&table.leftover_age_ms(), Type::FLOAT8),
        ];
        let step = "store gmail tokens";
        // Another tenant's row is not overwritten. If it is gone by now, the tokens can be stored.
        let again = |row: Option<&Row<Record>>| match row {
            Some(row) if row.record.tenant_id != tokens.tenant_id => {
                Err(Error::TenantMismatch { by_policy: false })
            }
            row => Ok(row.is_none()),
        };
        let write = Write { step, sql: &self.statements.upsert, params };
        let stored = table.write_again_if(&tokens.user_id, write, again).await?;
        table.stored_one(&stored).await?;
        table.stored(&tokens.user_id, client_of(&self.google));
        Ok(())
    }

    /// The row with its tokens opened, fresh or not; `None`: there is none.
    ///
    /// # Errors
    /// [`Error::Decryption`] if no key opens it; [`Error::Database`] and other database errors.
    pub async fn decrypted(&self, user_id: String) -> Result<Option<Decrypted>> {
        check_text("userId", &user_id, TEXT_MAX_BYTES)?;
        let table = self.base.table()?;
        let Some(row) = table.row(&user_id).await? else { return Ok(None) };
        Ok(Some(Decrypted {
            record: Arc::clone(&row.record),
            credentials: Arc::new(table.open(&user_id, &row).await?),
            expires_at: row.expires_at,
            key_version: row.record.key_version,
        }))
    }

    /// Deletes the row, if there is one. Never calls Google.
    ///
    /// # Errors
    /// [`Error::Database`] and other database errors.
    pub async fn delete(&self, user_id: String) -> Result<()> {
        check_text("userId", &user_id, TEXT_MAX_BYTES)?;
        let params: Params<'_> = &[(&user_id, Type::TEXT)];
        let table = self.base.table()?;
        let (sql, step) = (&*self.statements.delete, "delete gmail tokens");
        table.delete(&user_id, Write { step, sql, params }).await?;
        table.deleted(&user_id);
        Ok(())
    }

    /// Whether there is a row; opens nothing.
    ///
    /// # Errors
    /// [`Error::Database`] and other database errors.
    pub async fn is_connected(&self, user_id: String) -> Result<bool> {
        check_text("userId", &user_id, TEXT_MAX_BYTES)?;
        self.base.table()?.row(&user_id).await.map(|row| row.is_some())
    }

    /// A token with at least the refresh buffer left. If it must be refreshed, one process does, with
    /// `refresh_fn` if given, otherwise at Google.
    ///
    /// # Errors
    /// [`Error::NotConnected`], [`Error::Revoked`], and those of the refresh.
    pub async fn valid<C: RefreshFn>(
        &self,
        user_id: String,
        refresh_fn: Option<Arc<C>>,
    ) -> Result<Decrypted> {
        check_text("userId", &user_id, TEXT_MAX_BYTES)?;
        self.base.table()?;
        let token = match refresh_fn {
            Some(refresh_fn) => {
                self.base
                    .engine
                    .valid(
                        self.base.rls.of(user_id),
                        move |_: &_| Ok(refresh_fn.clone()),
                        self.base.refresh_options,
                    )
                    .await?
            }
            None => {
                let google = self.google.clone();
                self.base
                    .engine
                    .valid(
                        self.base.rls.of(user_id),
                        move |_: &_| google.clone(),
                        self.base.refresh_options,
                    )
                    .await?
            }
        };
        let Token { record, credentials, expires_at, sealed_with, .. } = token;
        let key_version = sealed_with.unwrap_or(record.key_version);
        Ok(Decrypted { record, credentials, expires_at, key_version })
    }
}

impl Store for Gmail {
    const MIGRATION: &'static Migration = &MIGRATION;

    by_base!();
}
