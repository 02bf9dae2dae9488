//! `gmail_tokens` as the engine sees it.

use std::sync::Arc;

use tokio::sync::OnceCell;

use super::Connection;
use super::sql::Statements;
use crate::config::Limits;
use crate::crypto::GmailFormat;
use crate::db::{CombinedReads, Database, Fetched, Lookup, Timestamp, Type, Within, column};
use crate::error::{Error, Result};
use crate::oauth::Refusal;
use crate::refresh::{
    Behaviour, Commit, Committed, Credentials, LeaseAsk, Row, Sealed, Stamp, Table,
};
use crate::secret::{AccessToken, RefreshToken};

/// What a row holds beside tokens.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) user_id: String,
    pub(super) tenant_id: String,
    pub(super) scope: String,
    pub(super) key_version: i32,
    pub(super) connected_at: Timestamp,
}

pub(super) struct GmailTable {
    database: Arc<Database>,
    statements: Arc<Statements>,
    reads: Arc<CombinedReads<Rows>>,
    format: Result<Arc<GmailFormat>>,
    limits: Limits,
    mixed_fleet: bool,
    hidden: OnceCell<bool>,
}

/// The combined reads of the table.
struct Rows {
    database: Arc<Database>,
    statements: Arc<Statements>,
    within: Within,
}

impl Lookup for Rows {
    type Key = String;
    type Row = Row<Record>;

    async fn fetch(&self, keys: Vec<String>) -> Result<Vec<Fetched<Self>>> {
        let step = "read gmail tokens";
        let rows = match keys.as_slice() {
            [key] => {
                let sql = &self.statements.read_one;
                self.database.read(step, sql, &[(key, Type::TEXT)], self.within).await?
            }
            _ => {
                let sql = &self.statements.read_many;
                self.database.read(step, sql, &[(&keys, Type::TEXT_ARRAY)], self.within).await?
            }
        };
        rows.iter().map(|row| Ok((column(row, 0)?, decode(row)))).collect()
    }
}

fn decode(row: &crate::db::Row) -> Result<Row<Record>> {
    let record = Record {
        user_id: column(row, 0)?,
        id: column(row, 1)?,
        tenant_id: column(row, 2)?,
        scope: column(row, 6)?,
        key_version: column(row, 7)?,
        connected_at: column(row, 9)?,
    };
    Ok(Row {
        stamp: Stamp {
            access: Some(Arc::from(column::<&str>(row, 3)?)),
            refresh: Some(Arc::from(column::<&str>(row, 4)?)),
        },
        expires_at: Some(column(row, 5)?),
        refreshing_at: column(row, 8)?,
        updated_at: column(row, 10)?,
        now: column(row, 11)?,
        ended: None,
        record: Arc::new(record),
    })
}

impl GmailTable {
    pub(super) fn new(
        database: Arc<Database>,
        format: Result<Arc<GmailFormat>>,
        behaviour: Behaviour,
    ) -> Self {
        let table = database.settings().qualified("gmail_tokens");
        let statements = Arc::new(Statements::for_table(&table));
        let reads = CombinedReads::new(Rows {
            database: Arc::clone(&database),
            statements: Arc::clone(&statements),
            within: Within::usual(&behaviour.limits),
        });
        let Behaviour { limits, mixed_fleet } = behaviour;
        Self { database, statements, reads, format, limits, mixed_fleet, hidden: OnceCell::new() }
    }

    fn format(&self) -> Result<&GmailFormat> {
        self.format.as_deref().map_err(Clone::clone)
    }

    fn usual(&self) -> Within {
        Within::usual(&self.limits)
    }

    pub(super) async fn upsert(&self, new: &Connection, expires_at: Timestamp) -> Result<()> {
        let format = self.format()?;
        let access = format.seal(new.access_token.expose())?;
        let refresh = format.seal(new.refresh_token.expose())?;
        self.check_visible().await?;
        let stored = self
            .database
            .write(
                "store gmail tokens",
                &self.statements.upsert,
                &[
                    (&uuid_v4()?, Type::TEXT),
                    (&new.tenant_id, Type::TEXT),
                    (&new.user_id, Type::TEXT),
                    (&access, Type::TEXT),
                    (&refresh, Type::TEXT),
                    (&expires_at, Type::TIMESTAMPTZ),
                    (&new.scope, Type::TEXT),
                    (&format.sealing_version(), Type::INT4),
                    (&self.mixed_fleet, Type::BOOL),
                ],
                self.usual(),
            )
            .await?;
        if stored.is_empty() { Err(Error::TenantMismatch) } else { Ok(()) }
    }

    /// An error where row-level security hides the rows: "no row" would be untrue. Asked once.
    async fn check_visible(&self) -> Result<()> {
        let hidden = self.hidden.get_or_try_init(|| async {
            let (sql, step) = (&self.statements.row_security, "look for row-level security");
            let rows = self.database.read(step, sql, &[], self.usual()).await?;
            rows.first().map_or(Ok(false), |row| column(row, 0))
        });
        match hidden.await? {
            true => Err(Error::TenantRequired { table: "gmail_tokens" }),
            false => Ok(()),
        }
    }

    pub(super) async fn delete(&self, user_id: &String) -> Result<()> {
        self.check_visible().await?;
        let params: crate::db::Params<'_> = &[(user_id, Type::TEXT)];
        let sql = &self.statements.delete;
        self.database.write("delete gmail tokens", sql, params, self.usual()).await.map(drop)
    }
}

impl Table for GmailTable {
    type Key = String;
    type Record = Record;

    fn store(&self) -> &'static str {
        "gmail"
    }

    fn describe(&self, key: &String) -> String {
        key.clone()
    }

    fn not_connected(&self, _: &String) -> Error {
        Error::NotConnected { store: "gmail", text: "Gmail is not connected for this user".into() }
    }

    async fn read(&self, key: &String) -> Result<Option<Row<Record>>> {
        let row = self.reads.get(key.clone()).await?;
        if row.is_none() {
            self.check_visible().await?;
        }
        Ok(row.map(|row| Row::clone(&row)))
    }

    async fn open(&self, _: &String, row: &Row<Record>) -> Result<Credentials> {
        let format = self.format()?;
        let hint = Some(row.record.key_version);
        let open = |text: &Option<Arc<str>>| format.open(text.as_deref().unwrap_or_default(), hint);
        let mut access = open(&row.stamp.access)?;
        let mut refresh = open(&row.stamp.refresh)?;
        let has_refresh_token = !refresh.is_empty();
        Ok(Credentials {
            access_token: AccessToken::new(std::mem::take(&mut *access)),
            refresh_token: has_refresh_token
                .then(|| RefreshToken::new(std::mem::take(&mut *refresh))),
        })
    }

    async fn seal(&self, _: &String, credentials: &Credentials) -> Result<Sealed> {
        let format = self.format()?;
        let refresh = credentials.refresh_token.as_ref().map_or("", RefreshToken::expose);
        Ok(Sealed {
            stamp: Stamp {
                access: Some(format.seal(credentials.access_token.expose())?.into()),
                refresh: Some(format.seal(refresh)?.into()),
            },
            key_version: format.sealing_version(),
        })
    }

    async fn take_lease(
        &self,
        key: &String,
        stamp: &Stamp,
        ask: LeaseAsk,
    ) -> Result<Option<Timestamp>> {
        let rows = self
            .database
            .write(
                "take the lease of gmail tokens",
                &self.statements.lease,
                &[
                    (key, Type::TEXT),
                    (&stamp.refresh.as_deref(), Type::TEXT),
                    (&stamp.access.as_deref(), Type::TEXT),
                    (&ask.unless_fresh_ms.map(ms), Type::FLOAT8),
                    (&ask.watched, Type::TIMESTAMPTZ),
                    (&self.mixed_fleet, Type::BOOL),
                    (&ms(self.limits.lease_ms), Type::FLOAT8),
                ],
                self.usual(),
            )
            .await?;
        rows.first().map(|row| column(row, 0)).transpose()
    }

    async fn commit(
        &self,
        key: &String,
        stamp: &Stamp,
        commit: Commit<'_>,
    ) -> Result<Option<Committed>> {
        let rows = self
            .database
            .write(
                "store refreshed gmail tokens",
                &self.statements.commit,
                &[
                    (key, Type::TEXT),
                    (&stamp.refresh.as_deref(), Type::TEXT),
                    (&stamp.access.as_deref(), Type::TEXT),
                    (&commit.sealed.stamp.refresh.as_deref(), Type::TEXT),
                    (&commit.sealed.stamp.access.as_deref(), Type::TEXT),
                    (&commit.sealed.key_version, Type::INT4),
                    (&commit.expires_at, Type::TIMESTAMPTZ),
                    (&commit.rotated, Type::BOOL),
                    (&commit.lease, Type::TIMESTAMPTZ),
                    (&ms(self.limits.lease_ms), Type::FLOAT8),
                    (&ms(self.limits.fresh_ms), Type::FLOAT8),
                    (&self.mixed_fleet, Type::BOOL),
                ],
                Within::commit(&self.limits),
            )
            .await?;
        rows.first().map(|row| Ok(Committed { expires_at: Some(column(row, 0)?) })).transpose()
    }

    async fn read_for_commit(&self, key: &String) -> Result<Option<Row<Record>>> {
        let (sql, within) = (&self.statements.read_one, Within::commit(&self.limits));
        let params: crate::db::Params<'_> = &[(key, Type::TEXT)];
        let rows = self.database.read("read gmail tokens again", sql, params, within).await?;
        rows.first().map(decode).transpose()
    }

    async fn release(
        &self,
        key: &String,
        lease: Timestamp,
        restore: Option<Timestamp>,
    ) -> Result<()> {
        let params: crate::db::Params<'_> =
            &[(key, Type::TEXT), (&lease, Type::TIMESTAMPTZ), (&restore, Type::TIMESTAMPTZ)];
        let step = "release the lease of gmail tokens";
        self.database.write(step, &self.statements.release, params, self.usual()).await.map(drop)
    }

    async fn suspect(&self, key: &String, stamp: &Stamp) -> Result<()> {
        let params: crate::db::Params<'_> = &[
            (key, Type::TEXT),
            (&stamp.refresh.as_deref(), Type::TEXT),
            (&stamp.access.as_deref(), Type::TEXT),
            (&ms(self.limits.fresh_ms), Type::FLOAT8),
        ];
        let step = "mark gmail tokens for proof";
        self.database.write(step, &self.statements.suspect, params, self.usual()).await.map(drop)
    }

    async fn end(
        &self,
        key: &String,
        stamp: &Stamp,
        lease: Timestamp,
        _: &Refusal,
    ) -> Result<bool> {
        let params: crate::db::Params<'_> = &[
            (key, Type::TEXT),
            (&stamp.refresh.as_deref(), Type::TEXT),
            (&stamp.access.as_deref(), Type::TEXT),
            (&lease, Type::TIMESTAMPTZ),
        ];
        let step = "delete revoked gmail tokens";
        let rows = self.database.write(step, &self.statements.end, params, self.usual()).await?;
        Ok(!rows.is_empty())
    }
}

/// Milliseconds as a statement takes them.
#[allow(clippy::cast_precision_loss)] // limits are far below 2^53
fn ms(ms: u64) -> f64 {
    ms as f64
}

/// A random UUID (RFC 9562, section 5.4), as `crypto.randomUUID()` makes it.
fn uuid_v4() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|_| Error::internal("the operating system gave no random bytes"))?;
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = faster_hex::hex_string(&bytes);
    Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}
