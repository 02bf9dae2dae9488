//! The keys of tokens and of connections.

use crate::config::{TEXT_MAX_BYTES, check_text, check_varchar};
use crate::error::Result;
use crate::store::uuid::uuid;

const IDENTIFIER_MAX_CHARS: usize = 255;

/// The key of a connection: of an access token and a refresh token.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PairKey {
    tenant_id: String,
    provider: String,
    identifier: Option<String>,
}

/// The key of one token.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenKey {
    pair: PairKey,
    token_type: String,
}

impl PairKey {
    /// Checks the parts. An empty identifier means none.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`].
    pub fn new(tenant_id: &str, provider: String, identifier: Option<String>) -> Result<Self> {
        let tenant_id = uuid("tenantId", tenant_id)?;
        check_text("provider", &provider, TEXT_MAX_BYTES)?;
        let identifier = identifier.filter(|identifier| !identifier.is_empty());
        if let Some(identifier) = &identifier {
            check_varchar("identifier", identifier, IDENTIFIER_MAX_CHARS)?;
        }
        Ok(Self { tenant_id, provider, identifier })
    }

    /// From a row.
    pub(super) fn stored(tenant_id: String, provider: String, identifier: Option<String>) -> Self {
        Self { tenant_id, provider, identifier }
    }

    pub(super) fn parts(&self) -> Vec<Option<&str>> {
        vec![Some(&self.tenant_id), Some(&self.provider), self.identifier.as_deref()]
    }

    /// The access token of this pair.
    #[must_use]
    pub fn access_token(self) -> TokenKey {
        TokenKey { pair: self, token_type: "access_token".to_owned() }
    }
}

impl TokenKey {
    /// A token of `pair`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`].
    pub fn new(pair: PairKey, token_type: String) -> Result<Self> {
        check_text("tokenType", &token_type, TEXT_MAX_BYTES)?;
        Ok(Self { pair, token_type })
    }

    /// From a row.
    pub(super) fn stored(pair: PairKey, token_type: String) -> Self {
        Self { pair, token_type }
    }

    pub(super) fn parts(&self) -> Vec<Option<&str>> {
        let PairKey { tenant_id, provider, identifier } = &self.pair;
        vec![Some(tenant_id), Some(provider), Some(&self.token_type), identifier.as_deref()]
    }

    /// Its connection, if it is a refresh token.
    pub(super) fn refreshes(&self) -> Option<&PairKey> {
        (self.token_type == "refresh_token").then_some(&self.pair)
    }

    /// The tenant, as PostgreSQL prints a UUID.
    #[must_use]
    pub fn tenant_id(&self) -> &str {
        &self.pair.tenant_id
    }

    /// Such as `google`.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.pair.provider
    }

    /// Such as `refresh_token`.
    #[must_use]
    pub fn token_type(&self) -> &str {
        &self.token_type
    }

    /// Which of several accounts, if there are several.
    #[must_use]
    pub fn identifier(&self) -> Option<&str> {
        self.pair.identifier.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_identifier_is_none() {
        let tenant = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        let key = |identifier: Option<&str>| {
            PairKey::new(tenant, "google".into(), identifier.map(str::to_owned)).expect("is sound")
        };
        assert_eq!(key(Some("")), key(None));
        assert_ne!(key(Some("a")), key(None));
    }
}
