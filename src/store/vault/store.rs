//! The store's own statements, and storing a token under the unique key that applies.

use super::key::TokenKey;
use super::mapping::VaultMapping;
use super::sql;
use crate::db::{Params, Row, Type, column};
use crate::error::{Error, Result};
use crate::store::table::{StoreTable, TableView};

pub(super) struct Statements {
    store_with_identifier: String,
    store_without_identifier: String,
    bare_store: String,
    labels: String,
    schema: String,
    pub(super) mark_invalid: String,
    pub(super) delete: String,
    pub(super) delete_provider: String,
    pub(super) expiring: String,
}

impl Statements {
    pub(super) fn of(table: &StoreTable<VaultMapping>) -> Self {
        let store = |target| table.named(&sql::STORE.replace("{target}", target));
        Self {
            store_with_identifier: store(sql::WITH_IDENTIFIER),
            store_without_identifier: store(sql::WITHOUT_IDENTIFIER),
            bare_store: table.named(sql::BARE_STORE),
            labels: table.named(sql::LABELS),
            schema: table.qualified(""),
            mark_invalid: table.named(sql::MARK_INVALID),
            delete: table.named(sql::DELETE),
            delete_provider: table.named(sql::DELETE_PROVIDER),
            expiring: table.named(sql::EXPIRING),
        }
    }

    /// Upserts. A table without the columns of the migration is written as the old service does it.
    pub(super) async fn store(
        &self,
        table: &TableView<'_, VaultMapping>,
        key: &TokenKey,
        params: Params<'_>,
    ) -> Result<Vec<Row>> {
        let sql = match key.identifier().is_some() {
            true => &self.store_with_identifier,
            false => &self.store_without_identifier,
        };
        table.write_either("store a vault token", [sql, &self.bare_store], params).await
    }

    /// The error for an enum value that the database lacks; `None`: something else is wrong.
    pub(super) async fn lacking_label(
        &self,
        table: &TableView<'_, VaultMapping>,
        key: &TokenKey,
    ) -> Option<Error> {
        let enums = [("token_provider", key.provider()), ("token_type", key.token_type())];
        for (name, value) in enums {
            let name = format!("{}{name}", self.schema);
            let params: Params<'_> = &[(&name, Type::TEXT)];
            let step = "read the values of an enum";
            let rows = table.read_rows(step, &self.labels, params).await.ok()?;
            let is_there =
                rows.iter().any(|row| column::<&str>(row, 0).is_ok_and(|is| is == value));
            if !rows.is_empty() && !is_there {
                let literal = value.replace('\'', "''");
                return Some(Error::Schema {
                    reason: format!(
                        "The database's type {name} has no such value. Run: ALTER TYPE {name} ADD VALUE '{literal}'"
                    )
                    .into(),
                });
            }
        }
        None
    }
}
