//! The zoho store: one row per client of the application and provider in `oauth_tokens`
//! (docs/internals/stores.md, zoho).

mod address;
mod mapping;
mod migration;
mod sql;

use std::sync::Arc;

use self::address::Address;
pub use self::mapping::Key;
use self::mapping::{Record, ZohoMapping};
pub use self::migration::MIGRATION;
use crate::config::{
    EXPIRES_IN_MAX_S, METADATA_MAX_BYTES, TEXT_MAX_BYTES, TOKEN_MAX_BYTES, check_text,
    check_varchar,
};
use crate::crypto::Sealing;
use crate::db::{Migration, Params, RlsContext, Timestamp, Type};
use crate::error::{Error, Result};
use crate::oauth::{ClientCredentials, HttpClient, ZohoServers};
use crate::secret::{AccessToken, RefreshToken};
use crate::store::base::{StoreBase, by_base};
use crate::store::sealed_tokens::{ACCESS_TOKEN, REFRESH_TOKEN, SealedTokens};
use crate::store::table::{RowMapping, client_of};
use crate::store::{SealedKey, Store, StoreOptions};

const CLIENT_ID_MAX_CHARS: usize = 255;
const PROVIDER_MAX_CHARS: usize = 50;

/// What the store is opened with.
pub struct Options {
    /// What every store is opened with.
    pub base: StoreOptions,
    /// How tokens are sealed.
    pub sealing: Arc<Sealing>,
    /// `ZOHO_REFRESH_TOKEN`: for rows that are missing, or whose grant is revoked.
    pub environment: Option<RefreshToken>,
    /// The accounts server of rows without one, such as `https://accounts.zoho.eu`.
    pub accounts_server: Option<String>,
    /// Accounts servers that are accepted in addition to Zoho's own list.
    pub accounts_servers: Result<ZohoServers>,
    /// Another token endpoint for all rows.
    pub token_url: Option<String>,
    /// Whether requests without TLS may leave this machine.
    pub allow_insecure: bool,
    /// The HTTP client.
    pub http: Result<Arc<dyn HttpClient>>,
}

/// Tokens to store.
#[derive(Debug)]
pub struct NewTokens {
    /// Whose.
    pub key: Key,
    /// The access token, when there is one already.
    pub access_token: Option<AccessToken>,
    /// The refresh token; empty: there is none.
    pub refresh_token: RefreshToken,
    /// How long the access token is valid from now, in seconds.
    pub expires_in_s: Option<f64>,
    /// The granted scopes, separated by commas.
    pub scopes: Option<String>,
    /// What else the application keeps, as a JSON object.
    pub metadata: Option<String>,
}

/// The store's own statements, for one table name.
struct Statements {
    store: String,
    bare_store: String,
    insert_missing: String,
    revive: String,
}

/// The store, in one row-security context.
#[derive(Clone)]
pub struct Zoho {
    base: StoreBase<ZohoMapping>,
    statements: Arc<Statements>,
    address: Address,
}

impl Zoho {
    /// Opens the store; connects when it is first used.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let Options { accounts_server, token_url, allow_insecure, http, .. } = options;
        let servers = options.accounts_servers;
        let tokens = SealedTokens { store: MIGRATION.store, sealing: options.sealing };
        let mapping = ZohoMapping { tokens, environment: options.environment };
        let base = StoreBase::open(options.base, mapping);
        Self {
            statements: Arc::new(Statements {
                store: base.named(&sql::STORE.replace("{reset}", sql::RESET)),
                bare_store: base.named(&sql::STORE.replace("{reset}", "")),
                insert_missing: base.named(sql::INSERT_MISSING),
                revive: base.named(sql::REVIVE),
            }),
            base,
            address: Address { accounts_server, servers, token_url, allow_insecure, http },
        }
    }

    /// An access token with at least the refresh buffer left. If it must be refreshed, one process does; only
    /// then are the credentials needed. A missing row is created from `ZOHO_REFRESH_TOKEN`, once.
    ///
    /// # Errors
    /// [`Error::NotConnected`], [`Error::Revoked`], and those of the refresh;
    /// [`Error::InvalidArgument`] for credentials that are needed and missing.
    pub async fn access_token(
        &self,
        key: Key,
        credentials: ClientCredentials,
    ) -> Result<AccessToken> {
        check_key(&key)?;
        self.base.table()?;
        match self.valid(key.clone(), credentials.clone()).await {
            Err(error)
                if error.ends_connection() && self.take_environment(&key, &credentials).await? =>
            {
                self.valid(key, credentials).await
            }
            outcome => outcome,
        }
    }

    async fn valid(&self, key: Key, credentials: ClientCredentials) -> Result<AccessToken> {
        let address = self.address.clone();
        let endpoint = move |record: &Record| {
            check_credentials(&credentials)?;
            address.endpoint(record, credentials.clone())
        };
        let token = self
            .base
            .engine
            .valid(self.base.rls.of(key), endpoint, self.base.refresh_options)
            .await?;
        Ok(token.credentials.access_token.clone())
    }

    /// Stores `ZOHO_REFRESH_TOKEN` if there is no row, or if the row is marked revoked and the variable has
    /// changed since. Returns whether the row is worth another try.
    async fn take_environment(&self, key: &Key, credentials: &ClientCredentials) -> Result<bool> {
        let client = |record: &Record| self.address.endpoint(record, credentials.clone());
        let table = self.base.table()?;
        let Some(token) = &table.mapping.environment else { return Ok(false) };
        let sealed =
            table.mapping.tokens.sealed(&ZohoMapping::parts(key), REFRESH_TOKEN, token.expose());
        let sealed = sealed.map_err(of_argument("ZOHO_REFRESH_TOKEN"))?;
        let Some(row) = table.row(key).await? else {
            check_credentials(credentials)?;
            let params: Params<'_> =
                &[(&key.client_id, Type::TEXT), (&key.provider, Type::TEXT), (&sealed, Type::TEXT)];
            let step = "store ZOHO_REFRESH_TOKEN";
            table.write(step, &self.statements.insert_missing, params).await?;
            table.stored(key, client_of(&client(&Record::default())));
            return Ok(true);
        };
        let Some(mark) = &row.record.mark else { return Ok(true) };
        if !mark.is_before(token, &table.mapping.tokens.sealing) {
            return Ok(false);
        }
        check_credentials(credentials)?;
        let params: Params<'_> = &[
            (&key.client_id, Type::TEXT),
            (&key.provider, Type::TEXT),
            (&sealed, Type::TEXT),
            (&row.version.refresh.as_deref(), Type::TEXT),
            (&mark.reason, Type::TEXT),
        ];
        let step = "revive zoho tokens with ZOHO_REFRESH_TOKEN";
        table.write(step, &self.statements.revive, params).await?;
        table.stored(key, client_of(&client(&row.record)));
        // If no row was written, somebody else was faster: worth a try too.
        Ok(true)
    }

    /// Stores tokens; replaces what was stored, but keeps `accounts_server`. A running refresh does not
    /// overwrite these tokens.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] before anything is sent; [`Error::Database`] and other database errors.
    pub async fn store(&self, tokens: NewTokens) -> Result<()> {
        let NewTokens { key, access_token, refresh_token, expires_in_s, scopes, metadata } = tokens;
        check_key(&key)?;
        let access_token = access_token.filter(|token| !token.expose().is_empty());
        if let Some(token) = &access_token {
            check_text("accessToken", token.expose(), TOKEN_MAX_BYTES)?;
        }
        if !refresh_token.expose().is_empty() {
            check_text("refreshToken", refresh_token.expose(), TOKEN_MAX_BYTES)?;
        }
        let expires_in_s = expires_in_s.filter(|seconds| *seconds != 0.0);
        let believable = -EXPIRES_IN_MAX_S..=EXPIRES_IN_MAX_S;
        if expires_in_s.is_some_and(|seconds| !believable.contains(&seconds)) {
            return Err(Error::invalid(
                "expiresIn",
                "must be a number of seconds, at most 10 years",
            ));
        }
        let scopes = scopes.filter(|scopes| !scopes.is_empty());
        if let Some(scopes) = &scopes {
            check_text("scopes", scopes, TEXT_MAX_BYTES)?;
        }
        if let Some(metadata) = &metadata {
            check_text("metadata", metadata, METADATA_MAX_BYTES)?;
        }
        let table = self.base.table()?;
        let parts = ZohoMapping::parts(&key);
        let access = access_token
            .map(|token| table.mapping.tokens.sealed(&parts, ACCESS_TOKEN, token.expose()))
            .transpose()
            .map_err(of_argument("accessToken"))?;
        let refresh = table.mapping.tokens.sealed(&parts, REFRESH_TOKEN, refresh_token.expose());
        let refresh = refresh.map_err(of_argument("refreshToken"))?;
        let params: Params<'_> = &[
            (&key.client_id, Type::TEXT),
            (&key.provider, Type::TEXT),
            (&access, Type::TEXT),
            (&refresh, Type::TEXT),
            (&expires_in_s, Type::FLOAT8),
            (&scopes, Type::TEXT),
            (&metadata, Type::TEXT),
        ];
        let Statements { store, bare_store, .. } = &*self.statements;
        let step = "store zoho tokens";
        let stored = table.write_either(step, [store, bare_store], params).await?;
        table.stored_one(&stored).await?;
        // The client is not known yet: a caller that refreshes brings its credentials.
        table.stored(&key, None);
        Ok(())
    }

    /// Whether there is a row, or `ZOHO_REFRESH_TOKEN` is set; opens nothing.
    ///
    /// # Errors
    /// [`Error::Database`] and other database errors.
    pub async fn has_token(&self, key: Key) -> Result<bool> {
        check_key(&key)?;
        let table = self.base.table()?;
        Ok(table.row(&key).await?.is_some() || table.mapping.environment.is_some())
    }
}

impl Store for Zoho {
    const MIGRATION: &'static Migration = &MIGRATION;
    const SEALED_KEY: Option<SealedKey> = Some(SealedKey { parts: 2, is_uuid: false });
    const REVIVES: bool = true;

    by_base!();

    async fn revive(&self, since: Option<Timestamp>) -> Result<u64> {
        self.base.revive(since).await
    }

    async fn unseal(&self) -> Result<u64> {
        self.base.unseal().await
    }
}

fn check_key(key: &Key) -> Result<()> {
    check_varchar("clientId", &key.client_id, CLIENT_ID_MAX_CHARS)?;
    check_varchar("provider", &key.provider, PROVIDER_MAX_CHARS)
}

fn check_credentials(credentials: &ClientCredentials) -> Result<()> {
    check_text("credentials.clientId", &credentials.id, TEXT_MAX_BYTES)?;
    for secret in &credentials.secrets {
        check_text("credentials.clientSecret", secret.expose(), TEXT_MAX_BYTES)?;
    }
    Ok(())
}

/// Names the argument of the caller in the error of a token that cannot be stored.
fn of_argument(argument: &'static str) -> impl Fn(Error) -> Error {
    move |error| match error {
        Error::InvalidArgument { reason, .. } => Error::InvalidArgument { argument, reason },
        other => other,
    }
}
