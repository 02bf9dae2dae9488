//! The role's privileges on a table, and row-level security.

use serde::Serialize;

use super::rights::missing;
use crate::db::{Inspection, Migration, Params, Row, Type, column};
use crate::error::Result;

/// A table and the role's access to it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Access {
    #[serde(skip)]
    pub(super) oid: u32,
    pub(super) schema: String,
    /// The table's qualified name, quoted for SQL.
    pub(super) name: String,
    schema_name: String,
    role_name: String,
    pub(super) may_use_schema: bool,
    /// The missing privileges of `SELECT`, `INSERT`, `UPDATE` and `DELETE`, with columns if some have them.
    missing: Vec<String>,
    owner: String,
    /// Whether the role has the owner's rights.
    is_owner: bool,
    row_security: RowSecurity,
    policies: Vec<Policy>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RowSecurity {
    is_enabled: bool,
    is_forced: bool,
    /// Whether it applies to this role.
    is_active: bool,
}

/// A policy that applies to the role.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Policy {
    name: String,
    is_permissive: bool,
    asks_for_tenant: bool,
    asks_for_user: bool,
}

impl Access {
    /// Whether the role may SELECT from the table.
    pub(super) fn may_read(&self) -> bool {
        self.may_use_schema && !self.missing.iter().any(|right| right.starts_with("SELECT"))
    }

    /// Whether a SELECT finds all rows.
    pub(super) fn sees_all_rows(&self) -> bool {
        self.may_read() && !self.row_security.is_active
    }
}

/// In the given schema, or else where the `search_path` finds it.
const ACCESS: &str = "
    SELECT c.oid, n.nspname::text, format('%I.%I', n.nspname, c.relname),
        quote_ident(n.nspname), quote_ident(current_user),
        has_schema_privilege(n.oid, 'USAGE'),
        pg_get_userbyid(c.relowner)::text, pg_has_role(c.relowner, 'USAGE'),
        c.relrowsecurity, c.relforcerowsecurity, row_security_active(c.oid)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND CASE WHEN $1 IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname = $1 END";

const POLICIES: &str = "
    SELECT polname::text, polpermissive, concat_ws(' ',
        pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
    FROM pg_policy
    WHERE polrelid = $1 AND (0 = ANY(polroles)
        OR EXISTS (SELECT FROM unnest(polroles) AS named WHERE pg_has_role(named, 'USAGE')))
    ORDER BY polname";

/// The table with this name, if it exists. Without a migration, privileges on all columns are required.
pub(super) async fn access(
    inspection: &Inspection,
    schema: Option<&str>,
    table: &str,
    migration: Option<&Migration>,
) -> Result<Option<Access>> {
    let params: Params<'_> = &[(&schema, Type::TEXT), (&table, Type::TEXT)];
    let rows = inspection.rows("look for a table", ACCESS, params).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let oid: u32 = column(row, 0)?;
    let rows = inspection.rows("read the policies", POLICIES, &[(&oid, Type::OID)]).await?;
    Ok(Some(Access {
        oid,
        schema: column(row, 1)?,
        name: column(row, 2)?,
        schema_name: column(row, 3)?,
        role_name: column(row, 4)?,
        may_use_schema: column(row, 5)?,
        missing: missing(inspection, oid, migration).await?,
        owner: column(row, 6)?,
        is_owner: column(row, 7)?,
        row_security: RowSecurity {
            is_enabled: column(row, 8)?,
            is_forced: column(row, 9)?,
            is_active: column(row, 10)?,
        },
        policies: rows.iter().map(policy).collect::<Result<_>>()?,
    }))
}

fn policy(row: &Row) -> Result<Policy> {
    let condition: &str = column(row, 2)?;
    let asks_for = |words: &[&str]| words.iter().any(|word| condition.contains(word));
    Ok(Policy {
        name: column(row, 0)?,
        is_permissive: column(row, 1)?,
        asks_for_tenant: asks_for(&["app.current_tenant_id"]),
        asks_for_user: asks_for(&["auth.uid()", "auth.jwt()", "request.jwt.claim"]),
    })
}
