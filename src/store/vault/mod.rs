//! The vault store: tokens of any type in `token_vault`. An access token and a refresh token of the same
//! tenant, provider and identifier are a connection (docs/internals/stores.md, vault).

mod key;
mod mapping;
mod migration;
mod sql;
mod store;
mod token;
mod usage;

use std::sync::Arc;
use std::time::Duration;

pub use self::key::{PairKey, TokenKey};
use self::mapping::{Record, VaultMapping};
pub use self::migration::MIGRATION;
use self::store::Statements;
use self::token::{Stored, Tokens};
use self::usage::Usage;
use crate::config::{TEXT_MAX_BYTES, TOKEN_MAX_BYTES, check_text};
use crate::crypto::VaultFormat;
use crate::db::{CombinedReads, Migration, Params, RlsContext, Timestamp, Type};
use crate::error::{Error, Result};
use crate::oauth::TokenEndpoint;
use crate::refresh::{RefreshOptions, Tokio};
use crate::secret::AccessToken;
use crate::store::base::StoreBase;
use crate::store::reseal::Resealing;
use crate::store::table::RowMapping;
use crate::store::uuid::uuid;
use crate::store::{Store, StoreOptions};

const MS_PER_MINUTE: f64 = 60_000.0;
/// The longest buffer that the database can add to its clock: about 30,000 years.
const FRESH_MAX_MS: f64 = 1e15;
/// The same for `withinMinutes`, in both directions: about 1,900 years.
const WITHIN_MAX_MINUTES: f64 = 1e9;

/// What the store is opened with.
pub struct Options {
    /// What every store is opened with.
    pub base: StoreOptions,
    /// The secrets.
    pub format: Result<Arc<VaultFormat>>,
}

/// A token with its value opened.
#[derive(Debug)]
pub struct Opened {
    /// Its key.
    pub key: TokenKey,
    /// The row's primary key.
    pub id: String,
    /// The opened value: a token, an API key or a webhook's secret.
    pub value: AccessToken,
    /// Until when it is valid; `None`: forever.
    pub expires_at: Option<Timestamp>,
    /// `true`, `false` or `unknown`.
    pub is_valid: String,
    /// When it was last used before this call.
    pub last_used_at: Option<Timestamp>,
}

/// The store, in one row-security context.
#[derive(Clone)]
pub struct Vault {
    base: StoreBase<VaultMapping>,
    tokens: Arc<CombinedReads<Tokens>>,
    usage: Arc<Usage>,
    statements: Arc<Statements>,
}

impl Vault {
    /// Opens the store; connects when it is first used.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let Options { base, format } = options;
        // An identifier may be NULL: a plan for any value would read all rows of the tenant at the provider.
        let base = StoreOptions { database: base.database.unprepared(), ..base };
        let (database, clock) = (Arc::clone(&base.database), Tokio::default());
        let base = StoreBase::open(base, VaultMapping { format, clock });
        let timeouts = base.engine.table().usual();
        Self {
            tokens: CombinedReads::new(Tokens {
                database: Arc::clone(&database),
                one: base.named(sql::TOKEN),
                many: base.named(sql::TOKENS),
                timeouts,
            }),
            usage: Usage::new(database, base.named(sql::USED), timeouts, clock),
            statements: Arc::new(Statements::of(base.engine.table())),
            base,
        }
    }

    /// The token, also if it is expired or invalid; `None`: there is none. This counts as a use.
    ///
    /// # Errors
    /// [`Error::Decryption`] if no secret opens it; [`Error::Database`] and other database errors.
    pub async fn token(&self, key: TokenKey) -> Result<Option<Opened>> {
        let Some(stored) = self.stored(key).await? else { return Ok(None) };
        self.open(&stored).await.map(Some)
    }

    /// The access token if it is valid and not expired, and whether less than the buffer is left. An expired
    /// one is marked invalid.
    ///
    /// # Errors
    /// As [`token`](Self::token).
    pub async fn access_token(
        &self,
        pair: PairKey,
        buffer_minutes: f64,
    ) -> Result<Option<(Opened, bool)>> {
        let buffer_ms = buffer(buffer_minutes)?;
        let Some(stored) = self.stored(pair.access_token()).await? else { return Ok(None) };
        // Every read is a use (docs/internals/stores.md, vault: Use of a token).
        let opened = self.open(&stored).await?;
        if stored.is_valid == "false" {
            return Ok(None);
        }
        if stored.expires_at.is_some_and(|expires_at| expires_at <= stored.now) {
            self.mark(&stored.id, "Token expired", Some(&stored.sealed)).await?;
            return Ok(None);
        }
        let needs_refresh = is_within(buffer_ms, stored.expires_at, stored.now);
        Ok(Some((opened, needs_refresh)))
    }

    /// The access token with at least the buffer left; `None`: there is no connection. If it must be refreshed,
    /// one process does. Also returns whether less than the buffer is left: after a failed refresh, or if the
    /// provider's tokens do not last as long.
    ///
    /// # Errors
    /// [`Error::Revoked`], and those of the refresh.
    pub async fn refreshed<E: TokenEndpoint>(
        &self,
        pair: PairKey,
        buffer_minutes: f64,
        endpoint: Result<Arc<E>>,
    ) -> Result<Option<(Opened, bool)>> {
        let buffer_ms = buffer(buffer_minutes)?;
        self.base.table()?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped
        let fresh_ms = buffer_ms.clamp(0.0, FRESH_MAX_MS) as u64;
        let refresh_options = RefreshOptions { fresh_ms, ..self.base.refresh_options };
        let endpoint = move |_: &Record| endpoint.clone();
        let token = match self
            .base
            .engine
            .valid(self.base.rls.of(pair.clone()), endpoint, refresh_options)
            .await
        {
            Err(Error::NotConnected { .. }) => return Ok(None),
            token => token?,
        };
        let Record { id, last_used_at, is_valid, now, .. } = &*token.record;
        let judged = |opened: Opened| {
            let needs_refresh = is_within(buffer_ms, opened.expires_at, *now);
            (opened, needs_refresh)
        };
        let (key, value) = (pair.access_token(), token.credentials.access_token.clone());
        let is_new = token.sealed_with.is_some();
        let Some(id) = id else { return Ok(self.token(key).await?.map(judged)) };
        // The refresh may have inserted the row. Without the database, the result of the refresh must do.
        if is_new
            && let Ok(Some(stored)) = self.token(key.clone()).await
            && stored.value.is_same(&value)
        {
            return Ok(Some(judged(stored)));
        }
        self.usage.note(&self.base.rls, id);
        Ok(Some(judged(Opened {
            key,
            id: id.clone(),
            value,
            expires_at: token.expires_at,
            is_valid: if is_new { "true".to_owned() } else { is_valid.clone() },
            last_used_at: *last_used_at,
        })))
    }

    async fn stored(&self, key: TokenKey) -> Result<Option<Arc<Stored>>> {
        let table = self.base.table()?;
        match self.tokens.get(self.base.rls.of(key)).await {
            Ok(Some(stored)) => Ok(Some(stored)),
            none => table.unless_hidden(&self.base.rls, none.map(|_| None)).await,
        }
    }

    async fn open(&self, stored: &Stored) -> Result<Opened> {
        self.usage.note(&self.base.rls, &stored.id);
        let mut value = self.base.table()?.mapping.format()?.open(&stored.sealed).await?;
        Ok(Opened {
            key: stored.key.clone(),
            id: stored.id.clone(),
            value: AccessToken::new(std::mem::take(&mut *value)),
            expires_at: stored.expires_at,
            is_valid: stored.is_valid.clone(),
            last_used_at: stored.last_used_at,
        })
    }

    /// Stores a token; replaces what was stored under its key, and frees the lease. Returns the row's id.
    /// `expires_at`: `None` keeps the stored one, `Some(None)` is forever. `client`: whose token it is, as
    /// [`TokenEndpoint::client`] names it; `None`: not known.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] before anything is sent; [`Error::Schema`] for an enum value that
    /// the database lacks; [`Error::Database`] and other database errors.
    pub async fn store(
        &self,
        key: TokenKey,
        value: AccessToken,
        expires_at: Option<Option<Timestamp>>,
        client: Option<&str>,
    ) -> Result<String> {
        if !value.expose().is_empty() {
            check_text("value", value.expose(), TOKEN_MAX_BYTES)?;
        }
        let table = self.base.table()?;
        let sealed = table.mapping.sealed(value.expose()).await?;
        let params: Params<'_> = &[
            (&key.parts(), Type::TEXT_ARRAY),
            (&sealed, Type::TEXT),
            (&expires_at.flatten(), Type::TIMESTAMPTZ),
            (&expires_at.is_some(), Type::BOOL),
        ];
        let rows = match self.statements.store(&table, &key, params).await {
            Err(error) => {
                return Err(self.statements.lacking_label(&table, &key).await.unwrap_or(error));
            }
            Ok(rows) => rows,
        };
        let Some(row) = rows.first() else { return Err(table.nothing_stored().await) };
        if let Some(pair) = key.refreshes() {
            table.stored(pair, client);
        }
        VaultMapping::column(row, 0)
    }

    /// Marks a token invalid for the user. If it is a refresh token, its connection ends.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`]; [`Error::Database`] and other database errors.
    pub async fn mark_invalid(&self, id: &str, error: &str) -> Result<()> {
        let id = uuid("tokenId", id)?;
        if !error.is_empty() {
            check_text("error", error, TOKEN_MAX_BYTES)?;
        }
        self.mark(&id, error, None).await
    }

    async fn mark(&self, id: &str, error: &str, sealed: Option<&str>) -> Result<()> {
        let params: Params<'_> = &[(&id, Type::TEXT), (&error, Type::TEXT), (&sealed, Type::TEXT)];
        let sql = &self.statements.mark_invalid;
        self.base.table()?.write("mark a vault token as invalid", sql, params).await.map(drop)
    }

    /// Deletes a token, if there is one.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`]; [`Error::Database`] and other database errors.
    pub async fn delete(&self, id: &str) -> Result<()> {
        let id = uuid("tokenId", id)?;
        let params: Params<'_> = &[(&id, Type::TEXT)];
        let sql = &self.statements.delete;
        self.base.table()?.write("delete a vault token", sql, params).await.map(drop)
    }

    /// Deletes all tokens of a tenant at a provider.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`]; [`Error::Database`] and other database errors.
    pub async fn delete_provider(&self, tenant_id: &str, provider: &str) -> Result<()> {
        let tenant_id = uuid("tenantId", tenant_id)?;
        check_text("provider", provider, TEXT_MAX_BYTES)?;
        let params: Params<'_> = &[(&tenant_id, Type::TEXT), (&provider, Type::TEXT)];
        let (sql, step) = (&self.statements.delete_provider, "delete a provider's vault tokens");
        let gone = self.base.table()?.write(step, sql, params).await?;
        // A concurrent commit may have inserted an access token that the first statement could not see.
        // There can be no further one, since the refresh tokens are deleted.
        if !gone.is_empty() {
            self.base.table()?.write(step, sql, params).await?;
        }
        Ok(())
    }

    /// The valid access tokens that expire within `within_minutes`, or have expired: tenant, provider, type and
    /// identifier of each.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`]; [`Error::Database`] and other database errors.
    pub async fn expiring(
        &self,
        within_minutes: f64,
        provider: Option<&str>,
    ) -> Result<Vec<[Option<String>; 4]>> {
        if !within_minutes.is_finite() {
            return Err(Error::invalid("withinMinutes", "must be a number of minutes"));
        }
        let within_minutes = within_minutes.clamp(-WITHIN_MAX_MINUTES, WITHIN_MAX_MINUTES);
        let table = self.base.table()?;
        let params: Params<'_> = &[(&within_minutes, Type::FLOAT8), (&provider, Type::TEXT)];
        let step = "look for expiring vault tokens";
        let rows = table.read_rows(step, &self.statements.expiring, params).await?;
        let read = |row| {
            let text = |index| VaultMapping::column(row, index);
            Ok([text(0)?, text(1)?, text(2)?, text(3)?])
        };
        rows.iter().map(read).collect()
    }
}

/// Minutes as milliseconds.
fn buffer(minutes: f64) -> Result<f64> {
    if minutes.is_nan() {
        return Err(Error::invalid("refreshBufferMinutes", "must be a number of minutes"));
    }
    Ok(minutes * MS_PER_MINUTE)
}

/// Whether less than the buffer is left.
fn is_within(buffer_ms: f64, expires_at: Option<Timestamp>, now: Timestamp) -> bool {
    #[allow(clippy::cast_precision_loss)] // centuries are far below 2^53 ms
    expires_at.is_some_and(|expires_at| (expires_at.ms_since(now) as f64) < buffer_ms)
}

impl Store for Vault {
    const MIGRATION: &'static Migration = &MIGRATION;
    const REVIVES: bool = true;

    fn for_tenant(&self, rls: &RlsContext) -> Self {
        let mut store = self.clone();
        store.base.rls.clone_from(rls);
        store
    }

    async fn wait_idle(&self) {
        self.base.wait_idle().await;
        self.usage.wait_idle().await;
    }

    async fn close(&self, timeout: Duration) -> bool {
        let closing = async {
            let has_ended = self.base.close(timeout).await;
            self.usage.wait_idle().await;
            has_ended
        };
        tokio::time::timeout(timeout, closing).await.unwrap_or(false)
    }

    async fn revive(&self, since: Option<Timestamp>) -> Result<u64> {
        self.base.revive(since).await
    }

    async fn reseal(&self, run: &mut Resealing) -> Result<()> {
        self.base.reseal(run).await
    }
}
