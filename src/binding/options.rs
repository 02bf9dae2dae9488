//! The options of an instance, and what is built from them. A missing option is an error of the functions
//! that need it.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use napi_derive::napi;
use zeroize::Zeroize;

use super::bridge::Outbox;
use super::database_password;
use super::providers::ProviderOptions;
use crate::config::{Limits, POOL_MAX_CONNECTIONS};
use crate::connect::RedirectUri;
use crate::crypto::{KeyRing, Sealing, VaultFormat, Writes};
use crate::db::{DatabaseSettings, Login};
use crate::error::{Error, Result};
use crate::oauth::{
    AuthorizationServer, ClientCredentials, HttpClient, HttpEndpoint, Provider, ProxyVariables,
    Reqwest, ZohoServers,
};
use crate::refresh::{RefreshConfig, RefreshOptions};
use crate::secret::RefreshToken;
use crate::tls::Authorities;

/// The shortest `statementTimeoutMs`: the lock timeout is at least 1 ms, and shorter.
const STATEMENT_MIN_MS: u64 = 2;

/// The values that the JavaScript API has read from options and environment variables.
#[napi(object)]
#[derive(Default)]
pub struct InstanceOptions {
    pub database_url: Option<String>,
    pub schema: Option<String>,
    /// libpq's variables, for parameters that `database_url` does not have.
    pub pg_host: Option<String>,
    pub pg_port: Option<String>,
    pub pg_user: Option<String>,
    pub pg_password: Option<String>,
    pub pg_database: Option<String>,
    pub pg_app_name: Option<String>,
    pub pg_options: Option<String>,
    /// libpq's TLS variables by name, such as `PGSSLMODE` and `PGSSLROOTCERT`.
    pub tls_variables: Option<HashMap<String, String>>,
    /// The number under which the JavaScript API keeps `databasePassword`, until the instance that takes
    /// these options forgets it.
    pub database_password: Option<u32>,
    /// `NODE_EXTRA_CA_CERTS`.
    pub node_extra_ca_certs: Option<String>,
    /// `SSL_CERT_FILE`.
    pub ssl_cert_file: Option<String>,
    /// `HTTPS_PROXY`, or else `HTTP_PROXY`.
    pub proxy_url: Option<String>,
    /// `NO_PROXY`.
    pub no_proxy: Option<String>,
    pub max_connections: Option<u32>,
    pub connect_timeout_ms: Option<u32>,
    pub pool_wait_ms: Option<u32>,
    pub statement_timeout_ms: Option<u32>,
    pub lock_timeout_ms: Option<u32>,
    /// One connection, unless `max_connections` is set.
    pub serverless: Option<bool>,
    /// Whether statements are prepared on direct connections.
    pub prepared_statements: Option<bool>,
    pub gmail_encryption_key: Option<String>,
    pub tokenkeep_key: Option<String>,
    /// `on` or `off`.
    pub sealing: Option<String>,
    pub require_sealed: Option<bool>,
    pub google_client_id: Option<String>,
    pub google_client_secret: Option<String>,
    pub google_token_url: Option<String>,
    pub google_authorization_url: Option<String>,
    pub google_revocation_url: Option<String>,
    pub google_issuer: Option<String>,
    pub google_oauth_redirect_uri: Option<String>,
    pub zoho_refresh_token: Option<String>,
    pub zoho_accounts_server: Option<String>,
    /// Origins, separated by commas.
    pub zoho_accounts_servers: Option<String>,
    pub zoho_token_url: Option<String>,
    pub encryption_secret: Option<String>,
    pub encryption_secret_previous: Option<String>,
    pub salt_reuse: Option<bool>,
    pub providers: Option<Vec<ProviderOptions>>,
    /// Whether requests may be sent to other machines without TLS.
    pub allow_insecure_requests: Option<bool>,
    /// Whether the calendar store sets the user's id for row-level security.
    pub jwt_claims: Option<bool>,
    pub mixed_fleet: Option<bool>,
    /// How long a caller waits for a refresh.
    pub wait_ms: Option<u32>,
    pub usable_at_once: Option<bool>,
    /// Divides all limits of the protocol; for tests.
    pub limits_divisor: Option<u32>,
    pub threads: Option<u32>,
    /// Whether this instance has a `fetch` of the application.
    pub has_fetch: Option<bool>,
}

impl InstanceOptions {
    /// Wipes the secrets. JavaScript still has its strings, but no copy here outlives its use.
    pub(super) fn wipe(&mut self) {
        self.database_url.zeroize();
        self.pg_password.zeroize();
        // It may contain a password.
        self.proxy_url.zeroize();
        // `PGSSLKEY` may be the key itself.
        self.tls_variables.iter_mut().flatten().for_each(|(_, value)| value.zeroize());
        self.gmail_encryption_key.zeroize();
        self.tokenkeep_key.zeroize();
        self.google_client_secret.zeroize();
        self.zoho_refresh_token.zeroize();
        self.encryption_secret.zeroize();
        self.encryption_secret_previous.zeroize();
        for provider in self.providers.iter_mut().flatten() {
            provider.client_secrets.zeroize();
            provider.private_key.zeroize();
        }
    }

    pub(super) fn limits(&self) -> Limits {
        let divisor = u64::from(self.limits_divisor.unwrap_or(1).max(1));
        let defaults = Limits::DEFAULT.scaled_down(divisor);
        defaults.with_timeouts(
            self.statement_timeout_ms.map(u64::from),
            self.lock_timeout_ms.map(u64::from),
        )
    }

    /// The settings of the pool. Call it once for each time that the JavaScript API passes these options: each
    /// call adds a user of `databasePassword`.
    pub(super) fn database(&self, outbox: &Arc<Outbox>) -> Result<DatabaseSettings> {
        let password = database_password::kept(outbox, self.database_password);
        let url = required("DATABASE_URL", self.database_url.as_ref())?;
        let defaults = Login {
            host: self.pg_host.clone(),
            port: self.pg_port.clone(),
            user: self.pg_user.clone(),
            password: self.pg_password.clone(),
            database: self.pg_database.clone(),
            application_name: self.pg_app_name.clone(),
            options: self.pg_options.clone(),
        };
        let none = HashMap::new();
        let variables = self.tls_variables.as_ref().unwrap_or(&none);
        let schema = self.schema.as_deref();
        let mut settings = DatabaseSettings::with_variables(url, schema, &defaults, variables)?;
        settings.password_source = password;
        settings.transport.extra_authorities = self.extra_authorities();
        if let Some(connections) = self.max_connections {
            if !(1..=POOL_MAX_CONNECTIONS).contains(&(connections as usize)) {
                return Err(Error::configuration("maxConnections", "must be from 1 to 1000"));
            }
            settings.max_connections = connections as usize;
        } else if self.serverless.unwrap_or(false) {
            settings.max_connections = 1;
        }
        settings.prepares_statements &= self.prepared_statements.unwrap_or(true);
        if let Some(ms) = self.connect_timeout_ms {
            settings.connect_timeout_ms = u64::from(ms);
        }
        if let Some(ms) = self.pool_wait_ms {
            settings.wait_timeout_ms = u64::from(ms);
        }
        Ok(settings)
    }

    pub(super) fn proxy(&self) -> ProxyVariables {
        ProxyVariables { url: self.proxy_url.clone(), no_proxy: self.no_proxy.clone() }
    }

    pub(super) fn extra_authorities(&self) -> Vec<String> {
        [&self.node_extra_ca_certs, &self.ssl_cert_file].into_iter().flatten().cloned().collect()
    }

    /// The one HTTP client of the process. The first instance sets the authorities that it trusts, and the proxy.
    pub(super) fn http_client(&self) -> Result<Arc<dyn HttpClient>> {
        static CLIENT: OnceLock<Arc<Reqwest>> = OnceLock::new();
        let client = match CLIENT.get() {
            Some(client) => client,
            None => {
                let trusted = Authorities::mozilla().and_files(&self.extra_authorities());
                let built = Arc::new(Reqwest::new(&trusted, &self.proxy())?);
                CLIENT.get_or_init(|| built)
            }
        };
        let client: Arc<dyn HttpClient> = client.clone();
        Ok(client)
    }

    /// The options of a refresh, unless a call has its own.
    pub(super) fn refresh_options(&self) -> RefreshOptions {
        let limits = self.limits();
        RefreshOptions {
            fresh_ms: limits.fresh_ms,
            wait_ms: self.wait_ms.map_or(limits.wait_ms, u64::from),
            usable_at_once: self.usable_at_once.unwrap_or(false),
            force: false,
        }
    }

    /// The configuration of refreshes. Only the gmail store has old instances that lock rows.
    pub(super) fn config(&self) -> Result<RefreshConfig> {
        let (limits, mixed_fleet) = (self.limits(), self.mixed_fleet.unwrap_or(false));
        let below = |option, most: u64| {
            Err(Error::configuration(option, format!("must be less than {most} (ms)")))
        };
        // The application can set these two; any other contradiction is a defect.
        let statement_max_ms = limits.lease_ms - limits.http_budget_ms;
        if limits.statement_timeout_ms >= statement_max_ms {
            return below("statementTimeoutMs", statement_max_ms);
        }
        if limits.statement_timeout_ms < STATEMENT_MIN_MS {
            let least = format!("must be at least {STATEMENT_MIN_MS} (ms)");
            return Err(Error::configuration("statementTimeoutMs", least));
        }
        if limits.lock_timeout_ms >= limits.statement_timeout_ms {
            return below("lockTimeoutMs", limits.statement_timeout_ms);
        }
        Ok(RefreshConfig { limits: limits.validated()?, mixed_fleet })
    }

    pub(super) fn gmail_encryption_key(&self) -> Result<&str> {
        required("GMAIL_ENCRYPTION_KEY", self.gmail_encryption_key.as_ref())
    }

    /// How the stores that can hold plaintext store tokens.
    pub(super) fn sealing(&self) -> Sealing {
        let key = required("TOKENKEEP_KEY", self.tokenkeep_key.as_ref());
        let ring = key.and_then(|key| KeyRing::parse("TOKENKEEP_KEY", key));
        let requires_sealed = self.require_sealed.unwrap_or(false);
        let refused = |option, reason| (Err(Error::configuration(option, reason)), Writes::Sealed);
        let (ring, writes) = match self.sealing.as_deref() {
            None | Some("on") => (ring, Writes::Sealed),
            Some("off") if requires_sealed => refused(
                "TOKENKEEP_REQUIRE_SEALED",
                "refuses the plaintext that TOKENKEEP_SEALING=off writes. Set only one of the two",
            ),
            Some("off") => (ring, Writes::Plaintext),
            Some(_) => refused("TOKENKEEP_SEALING", "must be on or off"),
        };
        Sealing::new(ring, writes, requires_sealed)
    }

    /// How the vault stores tokens.
    pub(super) fn vault_format(&self) -> Result<Arc<VaultFormat>> {
        let secret = required("ENCRYPTION_SECRET", self.encryption_secret.as_ref())?;
        let previous = self.encryption_secret_previous.as_deref().filter(|text| !text.is_empty());
        VaultFormat::open_shared(secret, previous, self.salt_reuse.unwrap_or(true))
    }

    /// Google's token endpoint, for the application.
    pub(super) fn google(&self, http: Arc<dyn HttpClient>) -> Result<HttpEndpoint> {
        HttpEndpoint::new(self.google_data()?, self.google_credentials()?, http)
    }

    /// Google as the authorization server that users connect to.
    pub(super) fn google_server(&self, http: Arc<dyn HttpClient>) -> Result<AuthorizationServer> {
        AuthorizationServer::new(self.google_data()?, self.google_credentials()?, http)
    }

    /// Google, with what options replace.
    fn google_data(&self) -> Result<Provider> {
        let given = [
            ("tokenUrl", &self.google_token_url),
            ("authorizationUrl", &self.google_authorization_url),
            ("revocationUrl", &self.google_revocation_url),
            ("issuer", &self.google_issuer),
        ];
        let given: HashMap<_, _> =
            given.iter().filter_map(|(field, text)| Some((field, text.as_ref()?))).collect();
        let given = serde_json::to_string(&given)
            .map_err(|_| Error::internal("options cannot be written as JSON"))?;
        let allow_insecure = self.allows_insecure();
        let google = Provider { allow_insecure, ..Provider::described("google", &given)? };
        Ok(google
            .named("tokenUrl", "TOKENKEEP_GOOGLE_TOKEN_URL")
            .named("authorizationUrl", "TOKENKEEP_GOOGLE_AUTHORIZATION_URL")
            .named("revocationUrl", "TOKENKEEP_GOOGLE_REVOCATION_URL"))
    }

    pub(super) fn allows_insecure(&self) -> bool {
        self.allow_insecure_requests.unwrap_or(false)
    }

    /// Accounts servers of Zoho in addition to the built-in ones.
    pub(super) fn zoho_servers(&self) -> Result<ZohoServers> {
        let named = self.zoho_accounts_servers.as_deref().unwrap_or_default();
        ZohoServers::parse(named, self.allows_insecure())
    }

    fn google_credentials(&self) -> Result<ClientCredentials> {
        let secret = required("GOOGLE_CLIENT_SECRET", self.google_client_secret.as_ref());
        let id = required("GOOGLE_CLIENT_ID", self.google_client_id.as_ref())?;
        Ok(ClientCredentials::new(id, secret?))
    }

    /// Where Google redirects users after consent.
    pub(super) fn redirect_uri(&self) -> Result<RedirectUri> {
        let variable = "GOOGLE_OAUTH_REDIRECT_URI";
        RedirectUri::new(required(variable, self.google_oauth_redirect_uri.as_ref())?)
    }

    pub(super) fn zoho_refresh_token(&self) -> Option<RefreshToken> {
        let token = self.zoho_refresh_token.as_deref().filter(|token| !token.is_empty());
        token.map(RefreshToken::new)
    }
}

/// The value of a setting that must be there.
///
/// # Errors
/// [`Error::Configuration`] that says how to set it.
pub(super) fn required<'a>(variable: &'static str, value: Option<&'a String>) -> Result<&'a str> {
    match value.map(String::as_str) {
        Some(value) if !value.is_empty() => Ok(value),
        _ => Err(Error::configuration(variable, missing(variable))),
    }
}

fn missing(variable: &str) -> &'static str {
    match variable {
        "GMAIL_ENCRYPTION_KEY" | "TOKENKEEP_KEY" => {
            "is not set. Create a key with: npx tokenkeep keygen, and store it with the application's other secrets"
        }
        "ENCRYPTION_SECRET" => "environment variable is required",
        "GOOGLE_OAUTH_REDIRECT_URI" => {
            "is not set. Connecting users needs it, exactly as it is registered with Google"
        }
        "DATABASE_URL" => "is not set. Set it to postgres://user:password@host:5432/name",
        _ => "is not set. Connecting users and refreshing tokens at Google needs it",
    }
}
