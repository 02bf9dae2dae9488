//! A refusal as it is stored, and its error.

use std::borrow::Cow;
use std::time::Duration;

use crate::db::{Row, Timestamp, column};
use crate::error::{Error, Result, Unproven};
use crate::refresh::Refused;

// Columns of the statement that reads the state.
const CODE: usize = 3;
const STATUS: usize = 4;
const REASON: usize = 5;
const RETRY_AT: usize = 6;
const NOW: usize = 7;

/// The status and the reason of an error, which are stored with its code.
pub(super) fn status_and_reason(error: &Error) -> (Option<i32>, Option<Cow<'static, str>>) {
    match error {
        Error::ProviderRefused { status, reason } => {
            (Some(i32::from(*status)), Some(reason.clone()))
        }
        Error::OutcomeUnknown { reason } => (None, Some(reason.clone())),
        Error::ClientUnproven { why } => (None, Some(why.name().into())),
        _ => (None, None),
    }
}

/// The refusal that is stored in a row; `None`: the failure may be over by itself.
pub(super) fn refused(row: &Row) -> Result<Option<Refused>> {
    let code: Option<&str> = column(row, CODE)?;
    let status: Option<i32> = column(row, STATUS)?;
    let reason: Option<&str> = column(row, REASON)?;
    let retry_at: Option<Timestamp> = column(row, RETRY_AT)?;
    let left = match retry_at {
        Some(retry_at) => left(retry_at, column(row, NOW)?),
        None => Duration::ZERO,
    };
    let reason = reason.unwrap_or_default();
    let error = match code {
        Some("ERR_TOKENKEEP_PROVIDER_REFUSED") => Error::ProviderRefused {
            status: status.and_then(|status| u16::try_from(status).ok()).unwrap_or_default(),
            reason: reason.to_owned().into(),
        },
        Some("ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN") => {
            Error::OutcomeUnknown { reason: reason.to_owned().into() }
        }
        Some("ERR_TOKENKEEP_CLIENT_UNPROVEN") => match Unproven::named(reason) {
            Some(why) => Error::ClientUnproven { why },
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    Ok(Some(Refused { error, left }))
}

/// The time from `now` until then; zero if it has passed.
pub(super) fn left(until: Timestamp, now: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(until.ms_since(now)).unwrap_or_default())
}
