//! The integration store: any provider, one row per user and account in `integration_tokens`
//! (docs/internals/stores.md, integration).

mod claim;
mod concurrency;
mod connect;
mod counts;
mod expiring;
mod failing_since;
mod mapping;
mod migration;
mod provider_queue;
mod rate_limit;
mod received_response;
mod sql;

use std::sync::Arc;

pub use self::counts::{FailureCount, Summary};
pub use self::expiring::Expiring;
use self::mapping::IntegrationMapping;
pub use self::mapping::{Key, Record, provider_name};
pub use self::migration::MIGRATION;
pub use self::received_response::ReceivedResponse;
use crate::config::{TEXT_MAX_BYTES, TOKEN_MAX_BYTES, check_text};
use crate::crypto::Sealing;
use crate::db::{Migration, Params, RlsContext, Timestamp, Type};
use crate::error::{Error, Result};
use crate::oauth::TokenEndpoint;
use crate::refresh::{RefreshOptions, Row, Token};
use crate::secret::{AccessToken, RefreshToken};
use crate::store::base::{StoreBase, by_base};
use crate::store::sealed_tokens::{ACCESS_TOKEN, REFRESH_TOKEN, SealedTokens};
use crate::store::table::RowMapping;
use crate::store::{ReplacedMetadata, SealedKey, Store, StoreOptions};

/// What the store is opened with.
pub struct Options {
    /// What every store is opened with.
    pub base: StoreOptions,
    /// How tokens are sealed.
    pub sealing: Arc<Sealing>,
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
    /// What else is kept of the connection, as a JSON object; `None`: nothing.
    pub metadata: Option<String>,
}

/// What a call asks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct GetOptions {
    /// How long the token must be valid; `None`: the refresh buffer.
    pub min_ttl_ms: Option<u64>,
    /// Refresh it even if it is fresh.
    pub force: bool,
}

/// The store's own statements, for one table name.
struct Statements {
    store: String,
    /// For a table that was not migrated.
    bare_store: String,
    /// With metadata.
    store_metadata: String,
}

/// The store, in one row-security context.
#[derive(Clone)]
pub struct Integration {
    base: StoreBase<IntegrationMapping>,
    statements: Arc<Statements>,
    /// A row that was refreshed less than this ago is not refreshed again by force.
    shared_refresh_ms: u64,
}

impl Integration {
    /// Opens the store; connects when it is first used.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let Options { base, sealing } = options;
        let shared_refresh_ms = base.config.limits.shared_refresh_ms;
        let tokens = SealedTokens { store: MIGRATION.store, sealing };
        let base = StoreBase::open(base, IntegrationMapping { tokens });
        let store = |reset, [column, value, merge]: [&str; 3]| {
            let sql = sql::STORE.replace("{reset}", reset).replace("{column}", column);
            base.named(&sql.replace("{value}", value).replace("{merge}", merge))
        };
        let statements = Statements {
            store: store(sql::RESET, [""; 3]),
            bare_store: store("", [""; 3]),
            store_metadata: store(sql::RESET, [sql::COLUMN, sql::VALUE, sql::MERGE]),
        };
        Self { base, statements: Arc::new(statements), shared_refresh_ms }
    }

    /// The stored tokens, fresh or not, also of a revoked grant; `None`: there are none.
    ///
    /// # Errors
    /// [`Error::Decryption`] when no key opens them; [`Error::Database`] and other database errors.
    pub async fn tokens(&self, key: Key) -> Result<Option<Tokens>> {
        check_key(&key)?;
        let table = self.base.table()?;
        let Some(row) = table.row(&key).await? else { return Ok(None) };
        self.opened(&key, &row).await.map(Some)
    }

    async fn opened(&self, key: &Key, row: &Row<Record>) -> Result<Tokens> {
        let opened = self.base.table()?.open(key, row).await?;
        Ok(Tokens {
            access_token: opened.access_token,
            refresh_token: opened.refresh_token,
            expires_at: row.expires_at.unwrap_or(row.now),
            scopes: row.record.scopes.clone(),
            metadata: row.record.metadata.as_deref().map(str::to_owned),
        })
    }

    /// Tokens as `options` ask for. If they must be refreshed, one process does, at `endpoint`; only then must
    /// the endpoint be configured.
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
        self.base.table()?;
        let refresh_options = RefreshOptions {
            fresh_ms: options.min_ttl_ms.unwrap_or(self.base.refresh_options.fresh_ms),
            force: options.force,
            ..self.base.refresh_options
        };
        let endpoint = move |record: &Record| {
            endpoint.clone()?.for_grant(&record.scopes, record.metadata.as_deref())
        };
        let token =
            self.base.engine.valid(self.base.rls.of(key), endpoint, refresh_options).await?;
        let Token { record, credentials, expires_at, .. } = token;
        Ok(Tokens {
            access_token: credentials.access_token.clone(),
            refresh_token: credentials.refresh_token.clone(),
            expires_at: expires_at.ok_or_else(|| Error::internal("a token never expires"))?,
            scopes: record.scopes.clone(),
            metadata: record.metadata.as_deref().map(str::to_owned),
        })
    }

    /// Stores a user's tokens; replaces what was stored. Without a refresh token the stored one is kept;
    /// otherwise a running refresh does not overwrite these tokens. `client`: whose tokens they are, as
    /// [`TokenEndpoint::client`] names it; `None`: not known. Metadata is added to the stored one, without what is
    /// `replaced`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] before anything is sent; [`Error::Database`] and other database errors.
    pub async fn store(
        &self,
        key: Key,
        new: Tokens,
        client: Option<&str>,
        replaced: &ReplacedMetadata,
    ) -> Result<()> {
        check_key(&key)?;
        let Tokens { access_token, refresh_token, expires_at, scopes, metadata } = new;
        check_text("accessToken", access_token.expose(), TOKEN_MAX_BYTES)?;
        let refresh_token = refresh_token.filter(|token| !token.expose().is_empty());
        if let Some(token) = &refresh_token {
            check_text("refreshToken", token.expose(), TOKEN_MAX_BYTES)?;
        }
        for scope in &scopes {
            check_text("scopes", scope, TEXT_MAX_BYTES)?;
        }
        let table = self.base.table()?;
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
            (&metadata, Type::TEXT),
            (&replaced.names, Type::TEXT_ARRAY),
        ];
        let Statements { store, bare_store, store_metadata } = &*self.statements;
        let step = "store integration tokens";
        let usual = table.write_either(step, [store, bare_store], &params[..params.len() - 2]);
        let stored = match metadata.is_some() || !replaced.names.is_empty() {
            false => usual.await?,
            true => match table.write(step, store_metadata, params).await {
                // A table that an older tokenkeep has migrated: the tokens are stored.
                Err(Error::Schema { .. }) if !replaced.is_required => usual.await?,
                stored => stored?,
            },
        };
        table.stored_one(&stored).await?;
        if refresh.is_some() {
            table.stored(&key, client);
        }
        Ok(())
    }
}

impl Store for Integration {
    const MIGRATION: &'static Migration = &MIGRATION;
    const SEALED_KEY: Option<SealedKey> = Some(SealedKey { parts: 2, is_uuid: false });
    const REVIVES: bool = true;
    const CONNECTS: bool = true;

    by_base!();

    async fn revive(&self, since: Option<Timestamp>) -> Result<u64> {
        self.base.revive(since).await
    }

    async fn unseal(&self) -> Result<u64> {
        self.base.unseal().await
    }
}

fn check_key(key: &Key) -> Result<()> {
    check_text("userId", &key.user_id, TEXT_MAX_BYTES)?;
    check_text("provider", &key.provider, TEXT_MAX_BYTES)
}
