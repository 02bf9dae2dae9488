//! How a token is revoked at a provider that has no endpoint of RFC 7009.

use serde::Deserialize;

use super::{Provider, RequestFormat};
use crate::oauth::credentials::ClientAuthentication;

/// The request that revokes a token. What is absent is as at the token endpoint.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RevocationForm {
    /// The method.
    pub method: RevocationMethod,
    /// The token that ends the grant.
    pub token: RevokedToken,
    /// Where the token stands.
    pub token_in: TokenPlace,
    /// The name of the parameter with the token; `None`: `token`.
    pub token_parameter: Option<String>,
    /// How the client authenticates.
    pub client_authentication: Option<ClientAuthentication>,
    /// The format of the body.
    pub request_format: Option<RequestFormat>,
}

/// The method of a revocation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RevocationMethod {
    /// `POST`.
    #[default]
    Post,
    /// `DELETE`.
    Delete,
}

/// The token that is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokedToken {
    /// The refresh token, or the access token if there is none.
    #[default]
    RefreshToken,
    /// The access token, also if there is a refresh token.
    AccessToken,
}

/// Where the token stands in the request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenPlace {
    /// In the body, as RFC 7009 says.
    #[default]
    Body,
    /// In the URL. There is no body.
    Query,
    /// In the header `Authorization`, as a Bearer token (RFC 6750). There is no body.
    Authorization,
}

impl Provider {
    /// Whether a grant is ended with its access token, although it has a refresh token.
    #[must_use]
    pub fn revokes_access_token(&self) -> bool {
        self.revocation.as_ref().is_some_and(|form| form.token == RevokedToken::AccessToken)
    }
}
