//! Makes sealed values plaintext again while the store is in use.

use super::sealed_tokens::{ACCESS_TOKEN, REFRESH_TOKEN, SealedMapping};
use super::table::TableView;
use crate::crypto::{Writes, is_sealed};
use crate::db::{Params, Row, Type};
use crate::error::{Error, Result};

const ROWS_AT_ONCE: i64 = 100;
/// After so many batches in a row of which every row has changed before it could be written, give up.
const FRUITLESS_MAX: usize = 10;

/// Rows with a sealed value, at most `$1`: the key, then both texts.
const SEALED: &str = "
    SELECT {key_as_text}, access_token, refresh_token FROM {table}
    WHERE access_token LIKE 'tk1.%' OR refresh_token LIKE 'tk1.%'
    ORDER BY {key_columns} LIMIT $1";

/// Stores other texts for the same tokens: `$2` access and `$3` refresh text as they were read, `$4` and `$5`
/// the new ones. Only a version check can tell: `updated_at` stays.
const REWRITE: &str = "
    UPDATE {table} AS r SET access_token = $4, refresh_token = $5
    WHERE {key} AND r.access_token IS NOT DISTINCT FROM $2
      AND r.refresh_token IS NOT DISTINCT FROM $3
    RETURNING true";

impl<S: SealedMapping> TableView<'_, S> {
    /// Rewrites every sealed row in plaintext; returns how many. A row that has changed since it was read is
    /// read again.
    pub(super) async fn unseal(&self) -> Result<u64> {
        if self.mapping.tokens().sealing.writes() != Writes::Plaintext {
            return Err(Error::configuration(
                "TOKENKEEP_SEALING",
                "must be off in every process of the application before values are unsealed. Otherwise they are sealed again",
            ));
        }
        let as_text = S::KEY_COLUMNS.iter().map(|column| format!("{column}::text"));
        let sealed = SEALED
            .replace("{key_as_text}", &as_text.collect::<Vec<_>>().join(", "))
            .replace("{key_columns}", &S::KEY_COLUMNS.join(", "));
        let sealed = self.named(&sealed);
        let rewrite = self.named(&REWRITE.replace("{key}", S::SQL.key));
        let (mut unsealed, mut fruitless) = (0, 0);
        loop {
            let params: Params<'_> = &[(&ROWS_AT_ONCE, Type::INT8)];
            let rows = self.read_rows("read sealed tokens", &sealed, params).await?;
            if rows.is_empty() {
                return Ok(unsealed);
            }
            let before = unsealed;
            for row in &rows {
                unsealed += u64::from(self.unseal_row(row, &rewrite).await?);
            }
            fruitless = if unsealed == before { fruitless + 1 } else { 0 };
            if fruitless == FRUITLESS_MAX {
                return Err(Error::RowLocked { step: "unseal tokens" });
            }
        }
    }

    /// Whether the row was still the one that was read.
    async fn unseal_row(&self, row: &Row, rewrite: &str) -> Result<bool> {
        let (key, tokens) = (S::key(row)?, self.mapping.tokens());
        let parts = S::parts(&key);
        let access: Option<&str> = S::column(row, parts.len())?;
        let refresh: Option<&str> = S::column(row, parts.len() + 1)?;
        let opened_access =
            access.map(|stored| tokens.opened(&parts, ACCESS_TOKEN, stored)).transpose()?;
        let opened_refresh =
            refresh.map(|stored| tokens.opened(&parts, REFRESH_TOKEN, stored)).transpose()?;
        let plaintexts = opened_access.iter().chain(&opened_refresh);
        if plaintexts.into_iter().any(|text| is_sealed(text)) {
            return Err(Error::invalid(
                "token",
                "starts with tk1., so it cannot be stored as plaintext",
            ));
        }
        let params: Params<'_> = &[
            (&parts, Type::TEXT_ARRAY),
            (&access, Type::TEXT),
            (&refresh, Type::TEXT),
            (&opened_access.as_ref().map(|text| text.as_str()), Type::TEXT),
            (&opened_refresh.as_ref().map(|text| text.as_str()), Type::TEXT),
        ];
        let rows = self.write("unseal tokens", rewrite, params).await?;
        Ok(!rows.is_empty())
    }
}
