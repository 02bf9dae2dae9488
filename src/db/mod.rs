//! PostgreSQL: a pool with stated limits, statements that end, combined reads, migrations.

mod ask;
mod cancel;
mod connect;
mod error;
mod guard;
mod idle;
mod inspection;
mod migrate;
mod password;
mod pool;
mod pools;
mod reads;
mod row;
mod scope;
mod settings;
mod standby;
mod time;
mod tls_error;
mod transaction;
mod transport;
mod url;

pub use inspection::{Inspection, Unreached};
pub use migrate::{Column, Differences, Duplicates, LeftOut, Migration, Unique, migrate};
pub use password::{AskPassword, Asked as AskedPassword, NoPassword, PasswordSource};
pub use pool::{Database, Params, Within};
pub use reads::{Asked, CombinedReads, Fetched, Lookup};
pub use row::column;
pub use scope::{Scope, Scoped};
pub use settings::{DatabaseSettings, Server};
pub use time::Timestamp;
pub use tokio_postgres::Row;
pub use tokio_postgres::types::{ToSql, Type};
pub use transaction::ScopedRead;
pub use transport::Transport;
pub use url::{Login, unknown_parameters};
