//! The JSON object in a response of a token endpoint. Each member is parsed separately, so that a malformed one
//! does not affect the others.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

/// The text of a body. Invalid UTF-8 is replaced, as it may be in a member that is not read.
pub(super) enum BodyText<'a> {
    Whole(&'a str),
    Repaired(Zeroizing<String>),
}

impl<'a> BodyText<'a> {
    pub(super) fn of(body: &'a [u8]) -> Self {
        match std::str::from_utf8(body) {
            Ok(text) => Self::Whole(text),
            Err(_) => Self::Repaired(Zeroizing::new(String::from_utf8_lossy(body).into_owned())),
        }
    }

    /// The text without JSON's white space around it (RFC 8259, section 2) and a byte order mark (section 8.1).
    pub(super) fn as_str(&self) -> &str {
        let text = match self {
            Self::Whole(text) => text,
            Self::Repaired(text) => text.as_str(),
        };
        text.strip_prefix('\u{feff}').unwrap_or(text).trim_matches([' ', '\t', '\n', '\r'])
    }

    fn is_whole(&self) -> bool {
        matches!(self, Self::Whole(_))
    }
}

/// The members that are read. Of several with the same name, the last one counts.
#[derive(Default)]
pub(super) struct ResponseBody<'a> {
    is_whole: bool,
    pub(super) access_token: Option<&'a RawValue>,
    pub(super) refresh_token: Option<&'a RawValue>,
    pub(super) expires_in: Option<&'a RawValue>,
    /// In older responses of Zoho: the seconds, in addition to `expires_in` in milliseconds.
    pub(super) expires_in_sec: Option<&'a RawValue>,
    pub(super) api_domain: Option<&'a RawValue>,
    pub(super) scope: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    error_description: Option<&'a RawValue>,
    error_codes: Option<&'a RawValue>,
}

/// The member `error`.
pub(super) enum ErrorMember {
    /// An error code.
    Code(String),
    /// Anything else that is not a code; still an error.
    Other,
}

impl<'a> ResponseBody<'a> {
    /// Parses a body; `None` if it is not a JSON object.
    pub(super) fn read(text: &'a BodyText<'_>) -> Option<Self> {
        // Without the check for {, the visitor would also accept an array.
        let object = text.as_str();
        let mut json = serde_json::Deserializer::from_str(object);
        let answer = json.deserialize_map(Members).ok().filter(|_| object.starts_with('{'))?;
        json.end().ok()?;
        Some(Self { is_whole: text.is_whole(), ..answer })
    }

    fn slot(&mut self, name: &str) -> Option<&mut Option<&'a RawValue>> {
        Some(match name {
            "access_token" => &mut self.access_token,
            "refresh_token" => &mut self.refresh_token,
            "expires_in" => &mut self.expires_in,
            "expires_in_sec" => &mut self.expires_in_sec,
            "api_domain" => &mut self.api_domain,
            "scope" => &mut self.scope,
            "error" => &mut self.error,
            "error_description" => &mut self.error_description,
            "error_codes" => &mut self.error_codes,
            _ => return None,
        })
    }

    /// The value of a member, if it is a non-empty string.
    pub(super) fn text(member: Option<&RawValue>) -> Option<String> {
        serde_json::from_str::<String>(member?.get()).ok().filter(|text| !text.is_empty())
    }

    /// Like [`text`](Self::text), but `None` if the value contained invalid UTF-8.
    pub(super) fn exact(&self, member: Option<&RawValue>) -> Option<String> {
        Self::text(member).filter(|text| self.is_whole || !text.contains('\u{fffd}'))
    }

    pub(super) fn error(&self) -> Option<ErrorMember> {
        Some(match serde_json::from_str(self.error?.get()) {
            Ok(Value::Null) => return None,
            Ok(Value::String(code)) if code.is_empty() => return None,
            Ok(Value::String(code)) => ErrorMember::Code(code),
            // Some Google endpoints return `{"error": {"status": "…"}}`.
            Ok(Value::Object(mut fields)) => match fields.remove("status") {
                Some(Value::String(status)) => ErrorMember::Code(status),
                _ => ErrorMember::Other,
            },
            _ => ErrorMember::Other,
        })
    }

    pub(super) fn description(&self) -> Option<String> {
        Self::text(self.error_description)
    }

    pub(super) fn subcodes(&self) -> Vec<u32> {
        let codes = self.error_codes.map(|codes| serde_json::from_str(codes.get()));
        codes.and_then(Result::ok).unwrap_or_default()
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = ResponseBody<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<ResponseBody<'de>, A::Error> {
        let mut answer = ResponseBody::default();
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            match answer.slot(&name) {
                Some(slot) => *slot = Some(members.next_value()?),
                None => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(answer)
    }
}
