//! The integration store (seed 004): any provider, one row a user and account in
//! `integration_tokens`.

mod claim;
mod connect;
mod expiring;
mod failing_since;
mod lane;
mod mapping;
mod migration;
mod pace;
mod slot;
mod sql;
mod tally;

use std::sync::Arc;
use std::time::Duration;

pub use self::expiring::Expiring;
pub use self::failing_since::Failing;
use self::mapping::IntegrationMapping;
pub use self::mapping::{Key, Record};
pub use self::migration::MIGRATION;
pub use self::tally::{FailureCount, Summary};
use crate::config::{TEXT_MAX_BYTES, TOKEN_MAX_BYTES, check_text};
use crate::crypto::Sealing;
use crate::db::{Database, Params, RlsContext, Timestamp, Type};
use crate::error::{Error, Result};
use crate::oauth::TokenEndpoint;
use crate::refresh::{Engine, Observer, RefreshConfig, RefreshOptions, Row, Token, Tokio};
use crate::secret::{AccessToken, RefreshToken};
use crate::store::sealed_tokens::{ACCESS_TOKEN, REFRESH_TOKEN, SealedTokens};
use crate::store::table::{RowMapping, StoreTable, TableView, table_of};
use crate::store::{Revives, Store};

/// What an instance of the store is made of.
pub struct Options {
    /// The database.
    pub database: Arc<Database>,
    /// How tokens are kept.
    pub sealing: Arc<Sealing>,
    /// Limits.
    pub config: RefreshConfig,
    /// What a caller of [`Integration::valid`] wants, unless it says so.
    pub refresh_options: RefreshOptions,
    /// Who is told of events.
    pub observer: Arc<dyn Observer>,
}

/// A user's tokens at one provider, opened.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The access token.
    pub access_token: AccessToken,
    /// The refresh token, when there is one.
    pub refresh_token: Option<RefreshToken>,
    /// Until when the access token is valid.
    pub expires_at: Timestamp,
    /// The granted scopes.
    pub scopes: Vec<String>,
}

/// What a caller asks of a token, beside the usual.
#[derive(Debug, Clone, Copy, Default)]
pub struct GetOptions {
    /// How much must be left of it; `None`: the refresh buffer.
    pub min_ttl_ms: Option<u64>,
    /// Refresh it whatever is left.
    pub force: bool,
}

/// The store's own statements, for one table name.
struct Statements {
    store: String,
    bare_store: String,
}

/// The store, for whoever may see the rows.
#[derive(Clone)]
pub struct Integration {
    engine: Engine<StoreTable<IntegrationMapping>, Tokio>,
    statements: Arc<Statements>,
    rls: RlsContext,
    refresh_options: RefreshOptions,
    /// What was refreshed so long ago is not refreshed again.
    shared_refresh_ms: u64,
}

impl Integration {
    /// Opens the store; connects when it is first used.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let Options { database, sealing, config, refresh_options, observer } = options;
        let mapping = IntegrationMapping { tokens: SealedTokens { store: "integration", sealing } };
        let table = StoreTable::new(database, mapping, config);
        Self {
            statements: Arc::new(Statements {
                store: table.named(&sql::STORE.replace("{reset}", sql::RESET)),
                bare_store: table.named(&sql::STORE.replace("{reset}", "")),
            }),
            rls: RlsContext::default(),
            engine: Engine::new(table, Tokio::default(), config, observer),
            refresh_options,
            shared_refresh_ms: config.limits.shared_refresh_ms,
        }
    }

    fn table(&self) -> Result<TableView<'_, IntegrationMapping>> {
        table_of(&self.engine, &self.rls)
    }

    /// The stored tokens, fresh or not, alive or not; `None` when there are none.
    ///
    /// # Errors
    /// [`Error::Decryption`] when no key opens them; [`Error::Database`] and its kin.
    pub async fn tokens(&self, key: Key) -> Result<Option<Tokens>> {
        check_key(&key)?;
        let table = self.table()?;
        let Some(row) = table.row(&key).await? else { return Ok(None) };
        self.opened(&key, &row).await.map(Some)
    }

    async fn opened(&self, key: &Key, row: &Row<Record>) -> Result<Tokens> {
        let opened = self.table()?.open(key, row).await?;
        Ok(Tokens {
            access_token: opened.access_token,
            refresh_token: opened.refresh_token,
            expires_at: row.expires_at.unwrap_or(row.now),
            scopes: row.record.scopes.clone(),
        })
    }

    /// Tokens as asked for, refreshed once across all processes if need be, at `endpoint`; one that is
    /// not configured matters only then.
    ///
    /// # Errors
    /// [`Error::NotConnected`], [`Error::Revoked`], and those of the refresh.
    pub async fn valid<E: TokenEndpoint>(
        &self,
        key: Key,
        endpoint: Result<Arc<E>>,
        options: GetOptions,
    ) -> Result<Tokens> {
        check_key(&key)?;
        self.table()?;
        let refresh_options = RefreshOptions {
            fresh_ms: options.min_ttl_ms.unwrap_or(self.refresh_options.fresh_ms),
            force: options.force,
            ..self.refresh_options
        };
        let endpoint = move |_: &Record| endpoint.clone();
        let token = self.engine.valid(self.rls.of(key), endpoint, refresh_options).await?;
        let Token { record, credentials, expires_at, .. } = token;
        Ok(Tokens {
            access_token: credentials.access_token.clone(),
            refresh_token: credentials.refresh_token.clone(),
            expires_at: expires_at.ok_or_else(|| Error::internal("a token never expires"))?,
            scopes: record.scopes.clone(),
        })
    }

    /// Stores a user's tokens; replaces what was stored, stops any refresh under way in favour of
    /// these tokens. Without a refresh token the stored one is kept. `client`: whose tokens they are, as
    /// [`TokenEndpoint::client`] names it; `None`: it is not known.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] before anything is sent; [`Error::Database`] and its kin.
    pub async fn store(&self, key: Key, new: Tokens, client: Option<&str>) -> Result<()> {
        check_key(&key)?;
        let Tokens { access_token, refresh_token, expires_at, scopes } = new;
        check_text("accessToken", access_token.expose(), TOKEN_MAX_BYTES)?;
        let refresh_token = refresh_token.filter(|token| !token.expose().is_empty());
        if let Some(token) = &refresh_token {
            check_text("refreshToken", token.expose(), TOKEN_MAX_BYTES)?;
        }
        for scope in &scopes {
            check_text("scopes", scope, TEXT_MAX_BYTES)?;
        }
        let table = self.table()?;
        let parts = IntegrationMapping::parts(&key);
        let seal = |column, token: &str| table.mapping.tokens.sealed(&parts, column, token);
        let access = seal(ACCESS_TOKEN, access_token.expose())?;
        let refresh = refresh_token.map(|token| seal(REFRESH_TOKEN, token.expose())).transpose()?;
        let params: Params<'_> = &[
            (&parts, Type::TEXT_ARRAY),
            (&access, Type::TEXT),
            (&refresh, Type::TEXT),
            (&expires_at, Type::TIMESTAMPTZ),
            (&scopes, Type::TEXT_ARRAY),
        ];
        let Statements { store, bare_store, .. } = &*self.statements;
        let step = "store integration tokens";
        let stored = table.write_either(step, [store, bare_store], params).await?;
        table.stored_one(&stored).await?;
        if refresh.is_some() {
            table.stored(&key, client);
        }
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
}

impl Revives for Integration {
    async fn revive(&self, since: Option<Timestamp>) -> Result<u64> {
        let revived = self.table()?.revive(since).await?;
        self.engine.forget_failures();
        Ok(revived)
    }
}

impl Store for Integration {
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

fn check_key(key: &Key) -> Result<()> {
    check_text("userId", &key.user_id, TEXT_MAX_BYTES)?;
    check_text("provider", &key.provider, TEXT_MAX_BYTES)
}
