//! The way back: sealed values become plaintext again, beside live traffic.

use super::sealed_tokens::{ACCESS_TOKEN, REFRESH_TOKEN, SealedMapping};
use super::table::TableView;
use crate::crypto::{Writes, is_sealed};
use crate::db::{Params, Row, Type, column};
use crate::error::{Error, Result};

const ROWS_AT_ONCE: i64 = 100;
/// How often all rows that were read may have changed before they could be written.
const FRUITLESS_MAX: usize = 10;

impl<S: SealedMapping> TableView<'_, S> {
    /// Rewrites every sealed row in plaintext; gives how many. A row that somebody else has changed
    /// since it was read is read again.
    pub(super) async fn unseal(&self) -> Result<u64> {
        if self.mapping.tokens().sealing.writes() != Writes::Plaintext {
            return Err(Error::configuration(
                "TOKENKEEP_SEALING",
                "must be read, here and in every process of the application, before values are unsealed: else they are sealed again",
            ));
        }
        let (sealed, rewrite) = (self.named(S::SEALED), self.named(S::REWRITE));
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
        let access: Option<&str> = column(row, parts.len())?;
        let refresh: Option<&str> = column(row, parts.len() + 1)?;
        let opened_access =
            access.map(|stored| tokens.opened(&parts, ACCESS_TOKEN, stored)).transpose()?;
        let opened_refresh =
            refresh.map(|stored| tokens.opened(&parts, REFRESH_TOKEN, stored)).transpose()?;
        let plaintexts = opened_access.iter().chain(&opened_refresh);
        if plaintexts.into_iter().any(|text| is_sealed(text)) {
            return Err(Error::invalid(
                "token",
                "begins with tk1., so it cannot stand in plaintext",
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
