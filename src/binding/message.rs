//! Messages to the JavaScript thread. Each kind is declared once, here; JavaScript gets the numbers of the
//! kinds and the names of their fields at load (`message_layouts`, `ts/bridge/layouts.ts`).

use napi::bindgen_prelude::Result;
use napi_derive::napi;
use zeroize::Zeroizing;

use super::failure::failure;
use super::flat::{Flat, Put, count};
use super::record::{AnyRecord, Layout};
use crate::error::Error;
use crate::oauth::HttpRequest;
use crate::refresh::Event;
use crate::secret::{AccessToken, RefreshToken};

/// Declares the enum of messages: the kinds, and the fields that follow the number of each.
macro_rules! messages {
    ($(
        $(#[$doc:meta])*
        $kind:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }
    )*) => {
        /// One thing for the JavaScript thread to do.
        pub(super) enum Message {
            $($(#[$doc])* $kind { $($(#[$field_doc])* $field: $type,)* },)*
        }

        /// The same without fields: its numbers are those of the kinds.
        enum Kind {
            $($kind,)*
        }

        impl Message {
            fn layouts() -> Vec<Layout> {
                vec![$(Layout {
                    name: stringify!($kind),
                    fields: vec![$(stringify!($field),)*],
                },)*]
            }

            /// Appends the number of the kind, then the fields.
            pub(super) fn write(self, flat: &mut Flat<'_>) -> Result<()> {
                match self {
                    $(Self::$kind { $($field,)* } => {
                        flat.put(Kind::$kind as u32)?;
                        $(flat.put($field)?;)*
                        Ok(())
                    })*
                }
            }
        }
    };
}

messages! {
    /// The call resolves to a record: the number of its elements, then the elements.
    Record { call: u32, record: Box<dyn AnyRecord>, }
    /// The call resolves to a value.
    Value { call: u32, value: Scalar, }
    /// The call resolves to a list of texts.
    Texts { call: u32, texts: Vec<String>, }
    /// The call rejects.
    Failed { call: u32, failure: Error, }
    /// Runs the kept `refreshFn` with a refresh token; answered as `call`.
    Refresh { call: u32, function: u32, token: RefreshToken, }
    /// The `refreshFn` is not needed any more.
    ForgetRefreshFn { function: u32, }
    /// Sends a request with the `fetch` of an instance, in the async context of the call `caller`; answered as
    /// `call`.
    Fetch {
        call: u32,
        instance: u32,
        caller: Option<u32>,
        method: &'static str,
        url: String,
        /// All headers but `Authorization`, as JSON.
        headers: String,
        body: Zeroizing<String>,
        authorization: Option<Zeroizing<String>>,
    }
    /// No task waits for the answer any more.
    AbortFetch { call: u32, }
    /// Nothing runs for this call any more.
    ForgetCaller { call: u32, }
    /// Calls the kept `databasePassword`; answered as `call`.
    Password { call: u32, function: u32, }
    /// One user of this `databasePassword` has gone.
    ForgetPassword { function: u32, }
    /// Keeps Node alive until the matching `false`.
    Hold { held: bool, }
    /// For the diagnostics channel, and the listener of an instance.
    Event {
        instance: u32,
        /// The name of the event's kind.
        event: &'static str,
        store: &'static str,
        key: String,
        /// In milliseconds, where a duration means something.
        duration: Option<u64>,
        code: Option<&'static str>,
        reason: Option<&'static str>,
    }
}

/// What a promise resolves to.
pub(super) enum Value {
    Scalar(Scalar),
    Texts(Vec<String>),
    Record(Box<dyn AnyRecord>),
}

/// A value of one element.
pub(super) enum Scalar {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Secret(AccessToken),
}

impl Value {
    pub(super) const NOTHING: Self = Self::Scalar(Scalar::Undefined);
    pub(super) const NULL: Self = Self::Scalar(Scalar::Null);

    pub(super) fn record(record: impl AnyRecord + 'static) -> Self {
        Self::Record(Box::new(record))
    }

    /// A record; `null` where there is none.
    pub(super) fn optional(record: Option<impl AnyRecord + 'static>) -> Self {
        record.map_or(Self::NULL, Self::record)
    }

    /// A duration; `null` where there is none.
    pub(super) fn milliseconds(ms: Option<i64>) -> Self {
        ms.map_or(Self::NULL, |ms| Self::number(u64::try_from(ms).unwrap_or_default()))
    }

    pub(super) fn number(value: u64) -> Self {
        Self::Scalar(Scalar::Number(count(value)))
    }

    pub(super) fn bool(value: bool) -> Self {
        Self::Scalar(Scalar::Bool(value))
    }

    pub(super) fn text(text: String) -> Self {
        Self::Scalar(Scalar::Text(text))
    }

    pub(super) fn secret(token: AccessToken) -> Self {
        Self::Scalar(Scalar::Secret(token))
    }
}

impl Message {
    /// Settles a call.
    pub(super) fn settled(call: u32, outcome: crate::error::Result<Value>) -> Self {
        match outcome {
            Ok(Value::Record(record)) => Self::Record { call, record },
            Ok(Value::Scalar(value)) => Self::Value { call, value },
            Ok(Value::Texts(texts)) => Self::Texts { call, texts },
            Err(failure) => Self::Failed { call, failure },
        }
    }

    /// Has a request sent by the `fetch` of an instance.
    pub(super) fn fetch(
        call: u32,
        instance: u32,
        caller: Option<u32>,
        request: HttpRequest,
    ) -> Self {
        let headers = request.headers_json();
        let HttpRequest { method, url, body, authorization, .. } = request;
        let method = method.name();
        Self::Fetch { call, instance, caller, method, url, headers, body, authorization }
    }

    /// Publishes an event of an instance.
    pub(super) fn event(instance: u32, event: Event) -> Self {
        let Event { kind, store, key, duration_ms: duration, code, reason } = event;
        Self::Event { instance, event: kind.name(), store, key, duration, code, reason }
    }
}

/// The number of elements, then the elements.
impl Put for Box<dyn AnyRecord> {
    fn put(self, flat: &mut Flat<'_>) -> Result<()> {
        flat.put(self.size())?;
        self.write(flat)
    }
}

impl Put for Scalar {
    fn put(self, flat: &mut Flat<'_>) -> Result<()> {
        match self {
            Self::Undefined => flat.put(()),
            Self::Null => flat.put(None::<bool>),
            Self::Bool(value) => flat.put(value),
            Self::Number(value) => flat.put(value),
            Self::Text(text) => flat.put(text),
            Self::Secret(token) => flat.put(token),
        }
    }
}

impl Put for Error {
    fn put(self, flat: &mut Flat<'_>) -> Result<()> {
        flat.put(failure(flat.env, &self)?)
    }
}

/// Every kind of message, in the order of their numbers. Called once, at load.
#[napi(catch_unwind)]
pub fn message_layouts() -> Vec<Layout> {
    Message::layouts()
}
