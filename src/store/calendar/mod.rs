//! The calendar store: one row per user in `google_calendar_tokens` (docs/internals/stores.md, calendar).

mod connect;
mod mapping;
mod migration;
mod sql;

use std::sync::Arc;

use self::mapping::{CalendarMapping, Record};
pub use self::migration::MIGRATION;
use crate::config::{TEXT_MAX_BYTES, TOKEN_MAX_BYTES, check_text};
use crate::crypto::Sealing;
use crate::db::{Migration, Params, RlsContext, Timestamp, Type};
use crate::error::{Error, Result};
use crate::oauth::HttpEndpoint;
use crate::secret::{AccessToken, RefreshToken};
use crate::store::base::{StoreBase, by_base};
use crate::store::sealed_tokens::{ACCESS_TOKEN, REFRESH_TOKEN, SealedTokens};
use crate::store::table::{RowMapping, TableView, Write, client_of, table_of};
use crate::store::uuid::uuid;
use crate::store::{SealedKey, Store, StoreOptions};

/// What the store is opened with.
pub struct Options {
    /// What every store is opened with.
    pub base: StoreOptions,
    /// How tokens are sealed.
    pub sealing: Arc<Sealing>,
    /// Google's token endpoint, with the application's credentials.
    pub google: Result<Arc<HttpEndpoint>>,
    /// Whether each statement tells row-level security its user, as `auth.uid()`.
    pub tells_user: bool,
}

/// A user's tokens, opened.
#[derive(Debug)]
pub struct Tokens {
    /// The access token.
    pub access_token: AccessToken,
    /// The refresh token; empty: there is none.
    pub refresh_token: RefreshToken,
    /// Until when the access token is valid; `None`: not known, treated as fresh.
    pub expires_at: Option<Timestamp>,
    /// The granted scopes.
    pub scopes: Option<Vec<String>>,
}

/// The store's own statements, for one table name.
struct Statements {
    save: String,
    bare_save: String,
    delete: String,
}

/// The store, in one row-security context.
#[derive(Clone)]
pub struct Calendar {
    base: StoreBase<CalendarMapping>,
    statements: Arc<Statements>,
    google: Result<Arc<HttpEndpoint>>,
    tells_user: bool,
}

impl Calendar {
    /// Opens the store; connects when it is first used.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let Options { base, sealing, google, tells_user } = options;
        let tokens = SealedTokens { store: MIGRATION.store, sealing };
        let base = StoreBase::open(base, CalendarMapping { tokens });
        let statements = Statements {
            save: base.named(&sql::SAVE.replace("{reset}", sql::RESET)),
            bare_save: base.named(&sql::SAVE.replace("{reset}", "")),
            delete: base.named(sql::DELETE),
        };
        Self { base, statements: Arc::new(statements), google, tells_user }
    }

    /// The table, in the row-security context of this user.
    fn table_of(&self, user_id: &str) -> Result<TableView<'_, CalendarMapping>> {
        table_of(&self.base.engine, &self.rls_of(user_id))
    }

    fn rls_of(&self, user_id: &str) -> RlsContext {
        if self.tells_user { self.base.rls.of_user(user_id) } else { self.base.rls.clone() }
    }

    /// The stored tokens, fresh or not; `None`: there are none.
    ///
    /// # Errors
    /// [`Error::Decryption`] when no key opens them; [`Error::Database`] and other database errors.
    pub async fn tokens(&self, user_id: &str) -> Result<Option<Tokens>> {
        let user_id = uuid("userId", user_id)?;
        let table = self.table_of(&user_id)?;
        let Some(row) = table.row(&user_id).await? else { return Ok(None) };
        let opened = table.open(&user_id, &row).await?;
        Ok(Some(tokens(&row.record, &opened, row.expires_at)))
    }

    /// Tokens with at least the refresh buffer left; `None`: there are none. If they must be refreshed, one
    /// process does.
    ///
    /// # Errors
    /// [`Error::Revoked`] if the grant is revoked, and the row is deleted; those of the refresh.
    pub async fn credentials(&self, user_id: &str) -> Result<Option<Tokens>> {
        let user_id = uuid("userId", user_id)?;
        self.base.table()?;
        let google = self.google.clone();
        let key = self.rls_of(&user_id).of(user_id);
        match self
            .base
            .engine
            .valid(key, move |_: &Record| google.clone(), self.base.refresh_options)
            .await
        {
            Ok(token) => Ok(Some(tokens(&token.record, &token.credentials, token.expires_at))),
            Err(Error::NotConnected { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Stores a user's tokens; replaces what was stored. A running refresh does not overwrite these tokens.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] before anything is sent; [`Error::Database`] and other database errors.
    pub async fn save(&self, user_id: &str, new: Tokens) -> Result<()> {
        let user_id = uuid("userId", user_id)?;
        let Tokens { access_token, refresh_token, expires_at, scopes } = new;
        check_text("accessToken", access_token.expose(), TOKEN_MAX_BYTES)?;
        if !refresh_token.expose().is_empty() {
            check_text("refreshToken", refresh_token.expose(), TOKEN_MAX_BYTES)?;
        }
        for scope in scopes.iter().flatten() {
            check_text("scopes", scope, TEXT_MAX_BYTES)?;
        }
        let table = self.table_of(&user_id)?;
        let parts = CalendarMapping::parts(&user_id);
        let seal = |column, token| table.mapping.tokens.sealed(&parts, column, token);
        let access = seal(ACCESS_TOKEN, access_token.expose())?;
        let refresh = seal(REFRESH_TOKEN, refresh_token.expose())?;
        let params: Params<'_> = &[
            (&user_id, Type::TEXT),
            (&access, Type::TEXT),
            (&refresh, Type::TEXT),
            (&expires_at, Type::TIMESTAMPTZ),
            (&scopes, Type::TEXT_ARRAY),
        ];
        let Statements { save, bare_save, .. } = &*self.statements;
        let step = "store calendar tokens";
        let stored = table.write_either(step, [save, bare_save], params).await?;
        table.stored_one(&stored).await?;
        table.stored(&user_id, client_of(&self.google));
        Ok(())
    }

    /// Deletes the row, if there is one. Never calls Google.
    ///
    /// # Errors
    /// [`Error::Database`] and other database errors.
    pub async fn delete(&self, user_id: &str) -> Result<()> {
        let user_id = uuid("userId", user_id)?;
        let params: Params<'_> = &[(&user_id, Type::TEXT)];
        let (sql, step) = (&*self.statements.delete, "delete calendar tokens");
        let table = self.table_of(&user_id)?;
        table.delete(&user_id, Write { step, sql, params }).await?;
        table.deleted(&user_id);
        Ok(())
    }
}

impl Store for Calendar {
    const MIGRATION: &'static Migration = &MIGRATION;
    const SEALED_KEY: Option<SealedKey> = Some(SealedKey { parts: 1, is_uuid: true });
    const CONNECTS: bool = true;

    by_base!();

    async fn unseal(&self) -> Result<u64> {
        self.base.unseal().await
    }
}

fn tokens(
    record: &Record,
    opened: &crate::refresh::Credentials,
    expires_at: Option<Timestamp>,
) -> Tokens {
    Tokens {
        access_token: opened.access_token.clone(),
        refresh_token: opened.refresh_token.clone().unwrap_or_else(|| RefreshToken::new("")),
        // JavaScript has no `infinity`.
        expires_at: expires_at.filter(|at| at.is_date()),
        scopes: record.scopes.clone(),
    }
}
