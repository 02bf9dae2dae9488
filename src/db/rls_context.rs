//! The settings that row-level security policies read, set for one transaction.

use std::sync::Arc;

use postgres_protocol::escape::escape_literal;

/// The setting that most policies read.
const TENANT: &str = "app.current_tenant_id";
/// The setting that Supabase's `auth.uid()` reads, which the policy of the calendar store calls.
const CLAIMS: &str = "request.jwt.claims";

/// The tenant and user for row-level security. Empty by default: only the role's rights apply.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct RlsContext {
    tenant: Option<Arc<str>>,
    user: Option<Arc<str>>,
}

/// A row's key with its RLS context.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ContextKey<Key> {
    /// The context.
    pub rls: RlsContext,
    /// The row's natural key.
    pub key: Key,
}

impl RlsContext {
    /// The context of a tenant.
    #[must_use]
    pub fn of_tenant(tenant: impl Into<Arc<str>>) -> Self {
        Self { tenant: Some(tenant.into()), user: None }
    }

    /// The tenant, if set.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// This context with a user, whose ID is a UUID.
    #[must_use]
    pub fn of_user(&self, user_id: &str) -> Self {
        Self { user: Some(user_id.into()), ..self.clone() }
    }

    /// Whether neither tenant nor user is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tenant.is_none() && self.user.is_none()
    }

    /// Whether a user is set.
    #[must_use]
    pub fn has_user(&self) -> bool {
        self.user.is_some()
    }

    /// A key in this context.
    pub fn of<Key>(&self, key: Key) -> ContextKey<Key> {
        ContextKey { rls: self.clone(), key }
    }

    /// The settings, by name.
    pub(super) fn parameters(&self) -> Vec<(&'static str, String)> {
        let tenant = self.tenant.as_deref().map(str::to_owned);
        let settings = [(TENANT, tenant), (CLAIMS, self.user.as_deref().map(claims))];
        settings.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// The settings as SET LOCAL statements, which cost the server less than `set_config`.
    pub(super) fn settings(&self) -> String {
        let settings = self.parameters().into_iter();
        settings
            .map(|(name, value)| format!("; SET LOCAL {name} = {}", escape_literal(&value)))
            .collect()
    }
}

/// The claims of a signed-in user, as Supabase's gateway sets them.
fn claims(user_id: &str) -> String {
    serde_json::json!({ "sub": user_id, "role": "authenticated" }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_never_ends_its_own_quotes() {
        let text = RlsContext::of_tenant(r"a'); DROP TABLE x; -- \'").settings();
        assert_eq!(text, r"; SET LOCAL app.current_tenant_id =  E'a''); DROP TABLE x; -- \\'''");
    }

    #[test]
    fn a_user_is_set_beside_the_tenant() {
        let rls = RlsContext::of_tenant("acme").of_user("0f0e");
        let text = rls.settings();
        assert!(text.contains("'acme'") && text.contains(r#""sub":"0f0e""#), "{text}");
        assert!(RlsContext::default().settings().is_empty());
    }
}
