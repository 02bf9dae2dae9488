//! The way back: sealed values become plaintext again, beside live traffic.

use super::shape::ZohoShape;
use super::{Key, sql};
use crate::crypto::{Writes, is_sealed};
use crate::db::{Params, Row, Type, column};
use crate::error::{Error, Result};
use crate::store::table::StoreTable;

const ROWS_AT_ONCE: i64 = 100;
/// How often all rows that were read may have changed before they could be written.
const FRUITLESS_MAX: usize = 10;

impl StoreTable<ZohoShape> {
    /// Rewrites every sealed row in plaintext; gives how many. A row that somebody else has changed
    /// since it was read is read again.
    pub(super) async fn unseal(&self) -> Result<u64> {
        if self.shape.sealing.writes() != Writes::Plaintext {
            return Err(Error::configuration(
                "TOKENKEEP_SEALING",
                "must be read, here and in every process of the application, before values are unsealed: else they are sealed again",
            ));
        }
        self.check_visible().await?;
        let sealed = self.named(sql::SEALED);
        let (mut unsealed, mut fruitless) = (0, 0);
        loop {
            let (step, params): (_, Params<'_>) =
                ("read sealed zoho tokens", &[(&ROWS_AT_ONCE, Type::INT8)]);
            let rows = self.database.read(step, &sealed, params, self.usual()).await?;
            if rows.is_empty() {
                return Ok(unsealed);
            }
            let before = unsealed;
            for row in &rows {
                unsealed += u64::from(self.unseal_row(row).await?);
            }
            fruitless = if unsealed == before { fruitless + 1 } else { 0 };
            if fruitless == FRUITLESS_MAX {
                return Err(Error::RowLocked { step: "unseal zoho tokens" });
            }
        }
    }

    /// Whether the row was still the one that was read.
    async fn unseal_row(&self, row: &Row) -> Result<bool> {
        let key = Key { client_id: column(row, 0)?, provider: column(row, 1)? };
        let access: Option<&str> = column(row, 2)?;
        let refresh: &str = column(row, 3)?;
        let opened_access =
            access.map(|stored| self.shape.opened(&key, "access_token", stored)).transpose()?;
        let opened_refresh = self.shape.opened(&key, "refresh_token", refresh)?;
        let plaintexts = opened_access.iter().chain([&opened_refresh]);
        if plaintexts.into_iter().any(|text| is_sealed(text)) {
            return Err(Error::invalid(
                "token",
                "begins with tk1., so it cannot stand in plaintext",
            ));
        }
        let params: Params<'_> = &[
            (&key.client_id, Type::TEXT),
            (&key.provider, Type::TEXT),
            (&access, Type::TEXT),
            (&refresh, Type::TEXT),
            (&opened_access.as_ref().map(|text| text.as_str()), Type::TEXT),
            (&opened_refresh.as_str(), Type::TEXT),
        ];
        let rewrite = self.named(sql::REWRITE);
        let rows =
            self.database.write("unseal zoho tokens", &rewrite, params, self.usual()).await?;
        Ok(!rows.is_empty())
    }
}
