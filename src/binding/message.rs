//! What crosses to the JS thread, and its flat form: a kind, a number, and the fields. The JavaScript API
//! reads them in the same order (`ts/bridge/bridge.ts`).

use napi::bindgen_prelude::{Array, Env, Null, Object};
use napi::{JsValue, Result};

use crate::db::Timestamp;
use crate::error::Error;
use crate::oauth::HttpRequest;
use crate::refresh::Event;
use crate::secret::{AccessToken, RefreshToken};

/// One thing for the JS thread to do.
pub(super) enum Message {
    /// Settles the call `id`.
    Settle(u32, crate::error::Result<Value>),
    /// Runs the function `function` with a refresh token; answered as `call`.
    Refresh { call: u32, function: u32, refresh_token: RefreshToken },
    /// Posts a form with the `fetch` of the instance `keep`, in the async context of the call `caller`;
    /// answered as `call`.
    Fetch { call: u32, instance: u32, caller: Option<u32>, request: HttpRequest },
    /// Nobody waits for the answer any more.
    AbortFetch { call: u32 },
    /// Nothing runs on behalf of this call any more.
    ForgetCaller { call: u32 },
    /// The function is not needed any more.
    Forget { function: u32 },
    /// Calls the `databasePassword` that is kept under this number; answered as `call`.
    Password { call: u32, function: u32 },
    /// One of those who may call this `databasePassword` has gone.
    ForgetPassword { function: u32 },
    /// Keeps Node alive until the matching `false`.
    Hold(bool),
    /// For the diagnostics channel, from the instance `keep`.
    Event(u32, Event),
}

/// What a promise resolves to.
pub(super) enum Value {
    Nothing,
    Null,
    Bool(bool),
    Texts(Vec<String>),
    /// The fields of a row, in the order in which the store's JavaScript API reads them.
    Record(Vec<Field>),
}

/// One field of a record.
pub(super) enum Field {
    Text(String),
    AccessToken(AccessToken),
    RefreshToken(RefreshToken),
    Number(f64),
    Bool(bool),
    Null,
}

impl Field {
    /// NULL of the database.
    pub(super) fn optional<T>(value: Option<T>, field: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Null, field)
    }

    /// Milliseconds since 1970.
    pub(super) fn moment(at: Timestamp) -> Self {
        Self::Number(number(at.as_ms()))
    }
}

const NOTHING: u32 = 0;
const NULL: u32 = 1;
const BOOL: u32 = 2;
const TEXTS: u32 = 3;
const RECORD: u32 = 4;
const ERROR: u32 = 5;
const REFRESH: u32 = 6;
const FORGET: u32 = 7;
const HOLD: u32 = 8;
const EVENT: u32 = 9;
const FETCH: u32 = 10;
const ABORT_FETCH: u32 = 11;
const PASSWORD: u32 = 12;
const FORGET_PASSWORD: u32 = 13;
const FORGET_CALLER: u32 = 14;

impl Message {
    /// Appends this message to `flat`.
    pub(super) fn write(self, env: &Env, flat: &mut Array<'_>) -> Result<()> {
        match self {
            Self::Settle(id, Ok(value)) => value.write(id, flat),
            Self::Settle(id, Err(error)) => {
                flat.insert(ERROR)?;
                flat.insert(id)?;
                flat.insert(error.code())?;
                flat.insert(error.to_string())?;
                flat.insert(error.is_retryable())?;
                flat.insert(details(env, &error)?.to_unknown())
            }
            Self::Refresh { call, function, refresh_token } => {
                flat.insert(REFRESH)?;
                flat.insert(call)?;
                flat.insert(function)?;
                flat.insert(refresh_token.expose())
            }
            Self::Fetch { call, instance, caller, request } => {
                flat.insert(FETCH)?;
                flat.insert(call)?;
                flat.insert(instance)?;
                match caller {
                    Some(caller) => flat.insert(caller)?,
                    None => flat.insert(Null)?,
                }
                flat.insert(request.url)?;
                flat.insert(request.body.as_str())?;
                match request.authorization.as_deref() {
                    Some(authorization) => flat.insert(authorization.as_str()),
                    None => flat.insert(Null),
                }
            }
            Self::AbortFetch { call } => {
                flat.insert(ABORT_FETCH)?;
                flat.insert(call)
            }
            Self::ForgetCaller { call } => {
                flat.insert(FORGET_CALLER)?;
                flat.insert(call)
            }
            Self::Forget { function } => {
                flat.insert(FORGET)?;
                flat.insert(function)
            }
            Self::Password { call, function } => {
                flat.insert(PASSWORD)?;
                flat.insert(call)?;
                flat.insert(function)
            }
            Self::ForgetPassword { function } => {
                flat.insert(FORGET_PASSWORD)?;
                flat.insert(function)
            }
            Self::Hold(held) => {
                flat.insert(HOLD)?;
                flat.insert(held)
            }
            Self::Event(instance, event) => {
                flat.insert(EVENT)?;
                flat.insert(instance)?;
                flat.insert(event.kind.name())?;
                flat.insert(event.store)?;
                flat.insert(event.key)?;
                match event.duration_ms {
                    Some(ms) => flat.insert(number(i64::try_from(ms).unwrap_or(i64::MAX)))?,
                    None => flat.insert(Null)?,
                }
                for text in [event.code, event.reason] {
                    match text {
                        Some(text) => flat.insert(text)?,
                        None => flat.insert(Null)?,
                    }
                }
                Ok(())
            }
        }
    }
}

impl Value {
    fn write(self, id: u32, flat: &mut Array<'_>) -> Result<()> {
        match self {
            Self::Nothing => {
                flat.insert(NOTHING)?;
                flat.insert(id)
            }
            Self::Null => {
                flat.insert(NULL)?;
                flat.insert(id)
            }
            Self::Bool(value) => {
                flat.insert(BOOL)?;
                flat.insert(id)?;
                flat.insert(value)
            }
            Self::Texts(texts) => {
                flat.insert(TEXTS)?;
                flat.insert(id)?;
                flat.insert(texts)
            }
            Self::Record(fields) => {
                flat.insert(RECORD)?;
                flat.insert(id)?;
                flat.insert(u32::try_from(fields.len()).unwrap_or(u32::MAX))?;
                fields.into_iter().try_for_each(|field| field.write(flat))
            }
        }
    }
}

impl Field {
    fn write(self, flat: &mut Array<'_>) -> Result<()> {
        match self {
            Self::Text(text) => flat.insert(text),
            Self::AccessToken(token) => flat.insert(token.expose()),
            Self::RefreshToken(token) => flat.insert(token.expose()),
            Self::Number(number) => flat.insert(number),
            Self::Bool(value) => flat.insert(value),
            Self::Null => flat.insert(Null),
        }
    }
}

/// The short list of fields that an error carries beside code and message.
fn details<'env>(env: &'env Env, error: &Error) -> Result<Object<'env>> {
    let mut fields = Object::new(env)?;
    match error {
        Error::InvalidArgument { argument, .. } => fields.set("argument", *argument)?,
        Error::Configuration { option, .. } => fields.set("option", *option)?,
        Error::NotConnected { store, .. } | Error::Revoked { store, .. } => {
            fields.set("store", *store)?
        }
        Error::ProviderUnavailable { status: Some(status), .. }
        | Error::ProviderRefused { status, .. } => fields.set("status", *status)?,
        Error::ProviderThrottled { retry_after_ms: Some(ms) } => {
            fields.set("retryAfterMs", number(i64::try_from(*ms).unwrap_or(i64::MAX)))?;
        }
        Error::ClientUnproven { why } => fields.set("reason", why.name())?,
        Error::Authorization { reason, .. } => fields.set("reason", reason.name())?,
        Error::DatabasePassword { cause_id: Some(cause_id), .. } => {
            fields.set("causeId", *cause_id)?;
        }
        Error::RefreshFn { cause_id, .. } => fields.set("causeId", *cause_id)?,
        Error::Database { sqlstate, constraint, .. } => {
            if let Some(sqlstate) = sqlstate {
                fields.set("sqlstate", sqlstate.as_str())?;
            }
            if let Some(constraint) = constraint {
                fields.set("constraint", constraint.as_str())?;
            }
        }
        _ => {}
    }
    Ok(fields)
}

/// JavaScript has no integers of 64 bits outside BigInt; times in milliseconds fit into 53.
#[allow(clippy::cast_precision_loss)]
pub(super) fn number(value: i64) -> f64 {
    value as f64
}
