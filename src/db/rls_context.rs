//! Whose rows a statement is about: what row-level security is told, for one transaction only.

use std::sync::Arc;

use postgres_protocol::escape::escape_literal;

/// The setting that the policies of most tables ask for.
const TENANT: &str = "app.current_tenant_id";
/// The setting that `auth.uid()` of Supabase reads, and with it the policy of the calendar store.
const CLAIMS: &str = "request.jwt.claims";

/// Whose rows a statement is about. By default nothing is told: the role's own rights decide.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct RlsContext {
    tenant: Option<Arc<str>>,
    user: Option<Arc<str>>,
}

/// A key, and whose rows may be it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ContextKey<Key> {
    /// Whose.
    pub rls: RlsContext,
    /// The row's natural key.
    pub key: Key,
}

impl RlsContext {
    /// The rows of a tenant.
    #[must_use]
    pub fn of_tenant(tenant: impl Into<Arc<str>>) -> Self {
        Self { tenant: Some(tenant.into()), user: None }
    }

    /// The tenant, when there is one.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// Of these the rows of one user, a UUID.
    #[must_use]
    pub fn of_user(&self, user_id: &str) -> Self {
        Self { user: Some(user_id.into()), ..self.clone() }
    }

    /// Whether nothing is told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tenant.is_none() && self.user.is_none()
    }

    /// Whether a user is told.
    #[must_use]
    pub fn has_user(&self) -> bool {
        self.user.is_some()
    }

    /// This key in this row-security context.
    pub fn of<Key>(&self, key: Key) -> ContextKey<Key> {
        ContextKey { rls: self.clone(), key }
    }

    /// What a transaction is told, as statements that cost the server less than `set_config`.
    pub(super) fn settings(&self) -> String {
        let claims = self.user.as_deref().map(claims);
        let told = [(TENANT, self.tenant.as_deref()), (CLAIMS, claims.as_deref())];
        let told = told.into_iter().filter_map(|(name, value)| Some((name, value?)));
        told.map(|(name, value)| format!("; SET LOCAL {name} = {}", escape_literal(value)))
            .collect()
    }
}

/// A signed-in user, as Supabase's gateway tells the database.
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
    fn a_user_is_told_beside_the_tenant() {
        let rls = RlsContext::of_tenant("acme").of_user("0f0e");
        let text = rls.settings();
        assert!(text.contains("'acme'") && text.contains(r#""sub":"0f0e""#), "{text}");
        assert!(RlsContext::default().settings().is_empty());
    }
}
