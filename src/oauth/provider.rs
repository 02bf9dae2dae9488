//! Providers as data.

use std::borrow::Cow;

use super::credentials::ClientAuthentication;
use super::endpoint_url::check_url;
use super::error_codes::Meaning;
use crate::error::{Error, Result};

/// A provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provider {
    /// Its name in options and variables.
    pub name: &'static str,
    /// Its token endpoint (RFC 6749, section 3.2).
    pub token_url: &'static str,
    /// The variable that replaces the token endpoint.
    pub token_url_variable: &'static str,
    /// Whether a refresh may invalidate the old refresh token.
    pub may_rotate: bool,
    /// The lifetime of an access token if the response has none.
    pub default_expires_in_s: u64,
    /// Its revocation endpoint (RFC 7009), if it has one.
    pub revocation_url: Option<&'static str>,
    /// How clients authenticate.
    pub authentication: ClientAuthentication,
    /// Its own errors, in addition to the codes that count everywhere.
    pub refusals: &'static [(ErrorMatch, Meaning)],
    /// Whether plain HTTP is allowed for other machines.
    pub allow_insecure: bool,
}

/// Identifies an error of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorMatch {
    /// Its `error` code.
    Code(&'static str),
    /// A number in Microsoft's `error_codes`, and its name.
    Subcode(u32, &'static str),
}

impl ErrorMatch {
    /// Its name in messages.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Code(code) | Self::Subcode(_, code) => code,
        }
    }
}

impl Provider {
    /// The defaults for a provider that options describe.
    pub const OTHER: Self = Self {
        name: "other",
        token_url: "",
        token_url_variable: "tokenUrl",
        may_rotate: true,
        default_expires_in_s: 3_600,
        revocation_url: None,
        authentication: ClientAuthentication::Post,
        refusals: &[],
        allow_insecure: false,
    };

    /// The built-in provider with this name.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        BUILT_IN.into_iter().find(|provider| provider.name == name)
    }
}

const BUILT_IN: [Provider; 6] = [GOOGLE, MICROSOFT, ZOHO, GITHUB, SLACK, SALESFORCE];

/// Google. Its responses always contain a lifetime. It does not rotate at present, but does not promise that.
pub const GOOGLE: Provider = Provider {
    name: "google",
    token_url: "https://oauth2.googleapis.com/token",
    token_url_variable: "TOKENKEEP_GOOGLE_TOKEN_URL",
    revocation_url: Some(GOOGLE_METADATA.revocation_endpoint),
    ..Provider::OTHER
};

/// Microsoft, for accounts of any tenant; a single tenant has its own token URL. Each refresh returns a new
/// refresh token. Error codes:
/// <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>.
pub const MICROSOFT: Provider = Provider {
    name: "microsoft",
    token_url: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
    token_url_variable: "TOKENKEEP_MICROSOFT_TOKEN_URL",
    refusals: &[
        // One tenant has removed or disabled the application; grants of other tenants stay valid.
        (ErrorMatch::Subcode(700_016, "AADSTS700016"), Meaning::Refused),
        (ErrorMatch::Subcode(7_000_112, "AADSTS7000112"), Meaning::Refused),
        (ErrorMatch::Subcode(7_000_229, "AADSTS7000229"), Meaning::Refused),
        // LoopDetected, TenantThrottlingError.
        (ErrorMatch::Subcode(50_196, "AADSTS50196"), Meaning::Throttled),
        (ErrorMatch::Subcode(90_055, "AADSTS90055"), Meaning::Throttled),
        // RetryableError, ExternalServerRetryableError, RequestBudgetExceededError,
        // MsodsServiceUnavailable.
        (ErrorMatch::Subcode(50_033, "AADSTS50033"), Meaning::Unavailable),
        (ErrorMatch::Subcode(90_006, "AADSTS90006"), Meaning::Unavailable),
        (ErrorMatch::Subcode(90_024, "AADSTS90024"), Meaning::Unavailable),
        (ErrorMatch::Subcode(90_033, "AADSTS90033"), Meaning::Unavailable),
    ],
    ..Provider::OTHER
};

/// GitHub, for applications whose user tokens expire.
pub const GITHUB: Provider = Provider {
    name: "github",
    token_url: "https://github.com/login/oauth/access_token",
    token_url_variable: "TOKENKEEP_GITHUB_TOKEN_URL",
    default_expires_in_s: 28_800,
    refusals: &[(ErrorMatch::Code("bad_refresh_token"), Meaning::DeadGrant)],
    ..Provider::OTHER
};

/// Slack, for applications with token rotation.
pub const SLACK: Provider = Provider {
    name: "slack",
    token_url: "https://slack.com/api/oauth.v2.access",
    token_url_variable: "TOKENKEEP_SLACK_TOKEN_URL",
    default_expires_in_s: 43_200,
    refusals: &[
        (ErrorMatch::Code("invalid_refresh_token"), Meaning::DeadGrant),
        (ErrorMatch::Code("token_revoked"), Meaning::DeadGrant),
        // The workspace is being migrated and temporarily unavailable.
        (ErrorMatch::Code("team_added_to_org"), Meaning::Unavailable),
        (ErrorMatch::Code("org_login_required"), Meaning::Unavailable),
    ],
    ..Provider::OTHER
};

/// Salesforce. Its responses contain no lifetime; it is that of a session, by default two hours.
pub const SALESFORCE: Provider = Provider {
    name: "salesforce",
    token_url: "https://login.salesforce.com/services/oauth2/token",
    token_url_variable: "TOKENKEEP_SALESFORCE_TOKEN_URL",
    default_expires_in_s: 7_200,
    revocation_url: Some("https://login.salesforce.com/services/oauth2/revoke"),
    ..Provider::OTHER
};

/// The metadata of an authorization server (RFC 8414, section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// The issuer identifier (RFC 9207).
    pub issuer: &'static str,
    /// The authorization endpoint.
    pub authorization_endpoint: &'static str,
    /// The revocation endpoint (RFC 7009).
    pub revocation_endpoint: &'static str,
    /// Parameters of authorization requests in addition to those of RFC 6749.
    pub parameters: &'static [(&'static str, &'static str)],
}

/// Google. Without `access_type=offline`, it issues no refresh token; without `prompt=consent`, none to a user
/// who has given consent before.
pub const GOOGLE_METADATA: Metadata = Metadata {
    issuer: "https://accounts.google.com",
    authorization_endpoint: "https://accounts.google.com/o/oauth2/v2/auth",
    revocation_endpoint: "https://oauth2.googleapis.com/revoke",
    parameters: &[
        ("access_type", "offline"),
        ("prompt", "consent"),
        ("include_granted_scopes", "true"),
    ],
};

/// Zoho, for rows that name no accounts server. It may return a new refresh token.
pub const ZOHO: Provider = Provider {
    name: "zoho",
    token_url: "https://accounts.zoho.com/oauth/v2/token",
    token_url_variable: "TOKENKEEP_ZOHO_TOKEN_URL",
    revocation_url: Some("https://accounts.zoho.com/oauth/v2/token/revoke"),
    ..Provider::OTHER
};

/// Zoho's accounts servers, one per data centre, and their token endpoints
/// (<https://www.zoho.com/accounts/protocol/oauth/multi-dc.html>, WorkDrive's list for .ae).
const ZOHO_SERVERS: [(&str, &str); 10] = [
    ("https://accounts.zoho.com", ZOHO.token_url),
    ("https://accounts.zoho.eu", "https://accounts.zoho.eu/oauth/v2/token"),
    ("https://accounts.zoho.in", "https://accounts.zoho.in/oauth/v2/token"),
    ("https://accounts.zoho.com.au", "https://accounts.zoho.com.au/oauth/v2/token"),
    ("https://accounts.zoho.jp", "https://accounts.zoho.jp/oauth/v2/token"),
    ("https://accounts.zohocloud.ca", "https://accounts.zohocloud.ca/oauth/v2/token"),
    ("https://accounts.zoho.sa", "https://accounts.zoho.sa/oauth/v2/token"),
    ("https://accounts.zoho.com.cn", "https://accounts.zoho.com.cn/oauth/v2/token"),
    ("https://accounts.zoho.uk", "https://accounts.zoho.uk/oauth/v2/token"),
    ("https://accounts.zoho.ae", "https://accounts.zoho.ae/oauth/v2/token"),
];

/// Additional accounts servers of Zoho, from options.
#[derive(Debug, Clone, Default)]
pub struct ZohoServers(Vec<String>);

impl ZohoServers {
    /// Parses origins such as `https://accounts.zoho.xx`, separated by commas.
    ///
    /// # Errors
    /// [`Error::Configuration`] unless each is an https origin, or an http origin of this machine or with
    /// `allow_insecure`.
    pub fn parse(text: &str, allow_insecure: bool) -> Result<Self> {
        let option = "zohoAccountsServers";
        let named = text.split(',').map(str::trim).filter(|text| !text.is_empty());
        let servers = named.map(|server| {
            let server = server.trim_end_matches('/');
            check_url(option, server, allow_insecure)?;
            let origin = reqwest::Url::parse(server).map(|url| url.origin().ascii_serialization());
            match origin {
                Ok(origin) if origin == server => Ok(origin),
                _ => Err(Error::configuration(
                    option,
                    "must be origins such as https://accounts.zoho.xx, without a path",
                )),
            }
        });
        servers.collect::<Result<_>>().map(Self)
    }

    /// The token endpoint of an accounts server, which Zoho returns as `accounts-server`; without one, that of
    /// [`ZOHO`]. Only known servers are allowed: a row must not decide where the client secret is sent.
    ///
    /// # Errors
    /// [`Error::Configuration`] for an unknown server.
    pub fn token_url(&self, accounts_server: Option<&str>) -> Result<Cow<'static, str>> {
        let Some(named) = accounts_server else { return Ok(ZOHO.token_url.into()) };
        let server = named.trim_end_matches('/');
        if let Some((_, token_url)) = ZOHO_SERVERS.iter().find(|(known, _)| *known == server) {
            return Ok((*token_url).into());
        }
        match self.0.iter().any(|added| added == server) {
            true => Ok(format!("{server}/oauth/v2/token").into()),
            false => Err(Error::configuration(
                "accounts_server",
                "is not a known accounts server of Zoho, such as https://accounts.zoho.eu. Add a new one to zohoAccountsServers (TOKENKEEP_ZOHO_ACCOUNTS_SERVERS)",
            )),
        }
    }
}
