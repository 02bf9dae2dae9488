//! Providers as data.

use std::borrow::Cow;

use super::credentials::ClientAuthentication;
use super::endpoint_url::check_url;
use super::words::Meaning;
use crate::error::{Error, Result};

/// What tokenkeep must know of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provider {
    /// Its name in options and variables.
    pub name: &'static str,
    /// Its token endpoint (RFC 6749, section 3.2).
    pub token_url: &'static str,
    /// The variable that names another token endpoint.
    pub token_url_variable: &'static str,
    /// Whether a refresh may make the old refresh token worthless.
    pub may_rotate: bool,
    /// The lifetime of an access token when the answer names none.
    pub default_expires_in_s: u64,
    /// Where tokens are revoked (RFC 7009), where that is possible.
    pub revocation_url: Option<&'static str>,
    /// How the application authenticates.
    pub authentication: ClientAuthentication,
    /// What it says of its own accord, beside the codes that count everywhere.
    pub refusals: &'static [(Sign, Meaning)],
    /// Whether it may be asked without TLS beyond this machine, as the options say.
    pub allow_insecure: bool,
}

/// By what a refusal is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// Its `error` code.
    Code(&'static str),
    /// A number of its `error_codes`, as Microsoft has them, and its name.
    Subcode(u32, &'static str),
}

impl Sign {
    /// How a message names it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Code(word) | Self::Subcode(_, word) => word,
        }
    }
}

impl Provider {
    /// Any other, as options describe it: it may rotate unless they say otherwise.
    pub const OTHER: Self = Self {
        name: "other",
        token_url: "",
        token_url_variable: "providers",
        may_rotate: true,
        default_expires_in_s: 3_600,
        revocation_url: None,
        authentication: ClientAuthentication::Post,
        refusals: &[],
        allow_insecure: false,
    };

    /// The one that is built in under this name.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        BUILT_IN.into_iter().find(|provider| provider.name == name)
    }
}

const BUILT_IN: [Provider; 6] = [GOOGLE, MICROSOFT, ZOHO, GITHUB, SLACK, SALESFORCE];

/// Google: the client authenticates in the body; lifetimes are always named. It does not rotate
/// today, but does not promise so either.
pub const GOOGLE: Provider = Provider {
    name: "google",
    token_url: "https://oauth2.googleapis.com/token",
    token_url_variable: "TOKENKEEP_GOOGLE_TOKEN_URL",
    revocation_url: Some(GOOGLE_METADATA.revocation_endpoint),
    ..Provider::OTHER
};

/// Microsoft, for accounts of any tenant; another tenant by its own token URL. Each refresh answers
/// with a new refresh token. The numbers are those of
/// <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>.
pub const MICROSOFT: Provider = Provider {
    name: "microsoft",
    token_url: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
    token_url_variable: "TOKENKEEP_MICROSOFT_TOKEN_URL",
    refusals: &[
        // One tenant has removed or disabled the application: the others' grants live.
        (Sign::Subcode(700_016, "AADSTS700016"), Meaning::Refused),
        (Sign::Subcode(7_000_112, "AADSTS7000112"), Meaning::Refused),
        (Sign::Subcode(7_000_229, "AADSTS7000229"), Meaning::Refused),
        // LoopDetected, TenantThrottlingError.
        (Sign::Subcode(50_196, "AADSTS50196"), Meaning::Throttled),
        (Sign::Subcode(90_055, "AADSTS90055"), Meaning::Throttled),
        // RetryableError, ExternalServerRetryableError, RequestBudgetExceededError,
        // MsodsServiceUnavailable.
        (Sign::Subcode(50_033, "AADSTS50033"), Meaning::Unavailable),
        (Sign::Subcode(90_006, "AADSTS90006"), Meaning::Unavailable),
        (Sign::Subcode(90_024, "AADSTS90024"), Meaning::Unavailable),
        (Sign::Subcode(90_033, "AADSTS90033"), Meaning::Unavailable),
    ],
    ..Provider::OTHER
};

/// GitHub, for applications whose user tokens expire.
pub const GITHUB: Provider = Provider {
    name: "github",
    token_url: "https://github.com/login/oauth/access_token",
    token_url_variable: "TOKENKEEP_GITHUB_TOKEN_URL",
    default_expires_in_s: 28_800,
    refusals: &[(Sign::Code("bad_refresh_token"), Meaning::DeadGrant)],
    ..Provider::OTHER
};

/// Slack, for applications with token rotation.
pub const SLACK: Provider = Provider {
    name: "slack",
    token_url: "https://slack.com/api/oauth.v2.access",
    token_url_variable: "TOKENKEEP_SLACK_TOKEN_URL",
    default_expires_in_s: 43_200,
    refusals: &[
        (Sign::Code("invalid_refresh_token"), Meaning::DeadGrant),
        (Sign::Code("token_revoked"), Meaning::DeadGrant),
        // The workspace is being moved, and away until that is done.
        (Sign::Code("team_added_to_org"), Meaning::Unavailable),
        (Sign::Code("org_login_required"), Meaning::Unavailable),
    ],
    ..Provider::OTHER
};

/// Salesforce, which names no lifetime: that of a session, two hours unless the administrator says
/// otherwise.
pub const SALESFORCE: Provider = Provider {
    name: "salesforce",
    token_url: "https://login.salesforce.com/services/oauth2/token",
    token_url_variable: "TOKENKEEP_SALESFORCE_TOKEN_URL",
    default_expires_in_s: 7_200,
    revocation_url: Some("https://login.salesforce.com/services/oauth2/revoke"),
    ..Provider::OTHER
};

/// Where an authorization server lets users connect, by the names of RFC 8414, section 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// Who it says it is (RFC 9207).
    pub issuer: &'static str,
    /// Where the user agrees.
    pub authorization_endpoint: &'static str,
    /// Where tokens are revoked (RFC 7009).
    pub revocation_endpoint: &'static str,
    /// What an authorization request says beside RFC 6749's parameters.
    pub parameters: &'static [(&'static str, &'static str)],
}

/// Google. Without `access_type=offline` there is no refresh token, and without `prompt=consent` none
/// for a user who has agreed before.
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

/// Zoho, where an accounts server is not named. It may answer with a new refresh token.
pub const ZOHO: Provider = Provider {
    name: "zoho",
    token_url: "https://accounts.zoho.com/oauth/v2/token",
    token_url_variable: "TOKENKEEP_ZOHO_TOKEN_URL",
    revocation_url: Some("https://accounts.zoho.com/oauth/v2/token/revoke"),
    ..Provider::OTHER
};

/// Zoho's accounts servers, one for each data centre, and their token endpoints
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

/// Accounts servers of Zoho's that the options add to those that are known.
#[derive(Debug, Clone, Default)]
pub struct ZohoServers(Vec<String>);

impl ZohoServers {
    /// From origins such as `https://accounts.zoho.xx`, separated by commas.
    ///
    /// # Errors
    /// [`Error::Configuration`] for what is no origin of https; of http on this machine, or where
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

    /// The token endpoint at an accounts server, as Zoho names it in `accounts-server`; without one
    /// that of [`ZOHO`]. Only those that are known: a row must not say where the application's client
    /// secret is sent.
    ///
    /// # Errors
    /// [`Error::Configuration`] for any other.
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
                "is none of Zoho's, such as https://accounts.zoho.eu. A new one is named in zohoAccountsServers (TOKENKEEP_ZOHO_ACCOUNTS_SERVERS)",
            )),
        }
    }
}
