//! When an access token expires, by the database's clock.

use crate::db::Timestamp;
use crate::oauth::Expiry;

/// The time of an expiry that counts from `from`.
#[must_use]
pub fn expires_at(expiry: Expiry, from: Timestamp) -> Timestamp {
    match expiry {
        Expiry::In(lifetime) => from.plus(lifetime),
        Expiry::AtMs(ms) => Timestamp::from_ms(ms),
        Expiry::Never => Timestamp::INFINITY,
    }
}
