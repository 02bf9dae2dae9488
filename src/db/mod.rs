//! PostgreSQL: connection pool, statements with time limits, combined reads, migrations.

mod cancel;
mod connect;
mod direct;
mod error;
mod guard;
mod idle;
mod in_context;
mod inspection;
mod migrate;
mod password;
mod pool;
mod pools;
mod primary;
mod query;
mod reads;
mod rls_context;
mod row;
mod session;
mod settings;
mod shared;
mod standby;
mod time;
mod tls_error;
mod transaction;
mod transport;
mod url;

pub use inspection::{Inspection, InspectionError};
pub use migrate::{
    Column, ColumnUse, Differences, Duplicates, Migration, Omitted, Unique, migrate,
};
pub use password::{Answer as PasswordAnswer, NoPassword, PasswordCallback, PasswordSource};
pub use pool::{Database, Params, Timeouts};
pub use primary::ON_PRIMARY;
pub use reads::{CombinedReads, Fetched, Keys as ReadKeys, Lookup};
pub use rls_context::{ContextKey, RlsContext};
pub use row::column;
pub use settings::{DatabaseSettings, Server};
pub use time::Timestamp;
pub use tokio_postgres::Row;
pub use tokio_postgres::types::{FromSql, ToSql, Type};
pub use transaction::ContextRead;
pub use transport::Transport;
pub use url::{Login, unknown_parameters};
