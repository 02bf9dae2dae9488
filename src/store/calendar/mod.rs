//! The calendar store (seed 003): one row a user in `google_calendar_tokens`.

mod connect;
mod mapping;
mod migration;
mod sql;

use std::sync::Arc;
use std::time::Duration;

use self::mapping::{CalendarMapping, Record};
pub use self::migration::MIGRATION;
use crate::config::{TEXT_MAX_BYTES, TOKEN_MAX_BYTES, check_text};
use crate::crypto::Sealing;
use crate::db::{Database, Params, RlsContext, Timestamp, Type};
use crate::error::{Error, Result};
use crate::oauth::HttpEndpoint;
use crate::refresh::{Engine, Observer, RefreshConfig, RefreshOptions, Tokio};
use crate::secret::{AccessToken, RefreshToken};
use crate::store::Store;
use crate::store::sealed_tokens::{ACCESS_TOKEN, REFRESH_TOKEN, SealedTokens};
use crate::store::table::{RowMapping, StoreTable, TableView, client_of, table_of};
use crate::store::uuid::uuid;

/// What an instance of the store is made of.
pub struct Options {
    /// The database.
    pub database: Arc<Database>,
    /// How tokens are kept.
    pub sealing: Arc<Sealing>,
    /// Google's token endpoint, with the application's credentials.
    pub google: Result<Arc<HttpEndpoint>>,
    /// Limits.
    pub config: RefreshConfig,
    /// What a caller of [`Calendar::credentials`] wants.
    pub refresh_options: RefreshOptions,
    /// Who is told of events.
    pub observer: Arc<dyn Observer>,
    /// Whether row-level security is told whose row it is: what `auth.uid()` gives.
    pub tells_user: bool,
}

/// A user's tokens, opened.
#[derive(Debug)]
pub struct Tokens {
    /// The access token.
    pub access_token: AccessToken,
    /// The refresh token; empty: there is none.
    pub refresh_token: RefreshToken,
    /// Until when the access token is valid; `None`: not known, taken for fresh.
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

/// The store, for whoever may see the rows.
#[derive(Clone)]
pub struct Calendar {
    engine: Engine<StoreTable<CalendarMapping>, Tokio>,
    statements: Arc<Statements>,
    google: Result<Arc<HttpEndpoint>>,
    refresh_options: RefreshOptions,
    tells_user: bool,
    rls: RlsContext,
}

impl Calendar {
    /// Opens the store; connects when it is first used.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let Options { database, sealing, google, config, refresh_options, observer, tells_user } =
            options;
        let mapping = CalendarMapping { tokens: SealedTokens { store: "calendar", sealing } };
        let table = StoreTable::new(database, mapping, config);
        Self {
            statements: Arc::new(Statements {
                save: table.named(&sql::SAVE.replace("{reset}", sql::RESET)),
                bare_save: table.named(&sql::SAVE.replace("{reset}", "")),
                delete: table.named(sql::DELETE),
            }),
            engine: Engine::new(table, Tokio::default(), config, observer),
            google,
            refresh_options,
            tells_user,
            rls: RlsContext::default(),
        }
    }

    fn table(&self) -> Result<TableView<'_, CalendarMapping>> {
        table_of(&self.engine, &self.rls)
    }

    /// The table for what is about one user.
    fn table_of(&self, user_id: &str) -> Result<TableView<'_, CalendarMapping>> {
        table_of(&self.engine, &self.scope_of(user_id))
    }

    fn scope_of(&self, user_id: &str) -> RlsContext {
        if self.tells_user { self.rls.of_user(user_id) } else { self.rls.clone() }
    }

    /// The stored tokens, fresh or not; `None` when there are none.
    ///
    /// # Errors
    /// [`Error::Decryption`] when no key opens them; [`Error::Database`] and its kin.
    pub async fn tokens(&self, user_id: &str) -> Result<Option<Tokens>> {
        let user_id = uuid("userId", user_id)?;
        let table = self.table_of(&user_id)?;
        let Some(row) = table.row(&user_id).await? else { return Ok(None) };
        let opened = table.open(&user_id, &row).await?;
        Ok(Some(tokens(&row.record, &opened, row.expires_at)))
    }

    /// Tokens with at least the refresh buffer left, refreshed once across all processes if need be;
    /// `None` when there are none.
    ///
    /// # Errors
    /// [`Error::Revoked`] when the grant is dead, and the row is gone; those of the refresh.
    pub async fn credentials(&self, user_id: &str) -> Result<Option<Tokens>> {
        let user_id = uuid("userId", user_id)?;
        self.table()?;
        let google = self.google.clone();
        let key = self.scope_of(&user_id).of(user_id);
        match self.engine.valid(key, move |_: &Record| google.clone(), self.refresh_options).await {
            Ok(token) => Ok(Some(tokens(&token.record, &token.credentials, token.expires_at))),
            Err(Error::NotConnected { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Stores a user's tokens; replaces what was stored, stops any refresh under way in favour of
    /// these tokens.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] before anything is sent; [`Error::Database`] and its kin.
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

    /// Rewrites every sealed value in plaintext, for the way back; gives how many rows.
    ///
    /// # Errors
    /// [`Error::Configuration`] while this instance would seal; [`Error::Decryption`] when a value
    /// does not open; [`Error::Database`] and its kin.
    pub async fn unseal(&self) -> Result<u64> {
        self.table()?.unseal().await
    }

    /// Deletes the row, if there is one; never calls Google.
    ///
    /// # Errors
    /// [`Error::Database`] and its kin.
    pub async fn delete(&self, user_id: &str) -> Result<()> {
        let user_id = uuid("userId", user_id)?;
        let params: Params<'_> = &[(&user_id, Type::TEXT)];
        let sql = &self.statements.delete;
        let table = self.table_of(&user_id)?;
        table.delete(&user_id, "delete calendar tokens", sql, params).await?;
        table.deleted(&user_id);
        Ok(())
    }
}

impl Store for Calendar {
    fn for_tenant(&self, rls: &RlsContext) -> Self {
        Self { rls: rls.clone(), ..self.clone() }
    }

    async fn wait_idle(&self) {
        self.engine.wait_idle().await;
    }

    async fn close(&self, timeout: Duration) -> bool {
        self.engine.close(timeout).await
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
        // `infinity` is no moment that JavaScript has.
        expires_at: expires_at.filter(|at| at.is_date()),
        scopes: record.scopes.clone(),
    }
}
