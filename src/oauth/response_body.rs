//! The JSON object in a response of a token endpoint. Each member is parsed separately, so that a malformed one
//! does not affect the others.

use std::borrow::Cow;
use std::collections::HashMap;
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
    pub(super) scopes: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    error_description: Option<&'a RawValue>,
    /// Slack's flag for success.
    ok: Option<&'a RawValue>,
}

/// The member `error`.
pub(super) enum ErrorMember {
    /// An error code.
    Code(String),
    /// Anything else that is not a code; still an error.
    Other,
}

impl<'a> ResponseBody<'a> {
    /// Parses a body; `None` if it is not a JSON object. The tokens are those of the object at `tokens_at`, a JSON
    /// pointer, if the body has it.
    pub(super) fn read(text: &'a BodyText<'_>, tokens_at: Option<&str>) -> Option<Self> {
        let body = Self::object(text.as_str())?;
        let tokens = tokens_at.and_then(|at| member_at(text.as_str(), at));
        let tokens = tokens.and_then(|tokens| Self::object(tokens.get()));
        // Slack's answer to a refresh has the tokens in the body itself.
        let tokens = tokens.filter(|tokens| tokens.access_token.is_some());
        let is_whole = text.is_whole();
        Some(match tokens {
            None => Self { is_whole, ..body },
            Some(tokens) => Self {
                is_whole,
                error: body.error,
                error_description: body.error_description,
                ok: body.ok,
                ..tokens
            },
        })
    }

    fn object(text: &'a str) -> Option<Self> {
        let mut json = serde_json::Deserializer::from_str(text);
        // Without the check for {, the visitor would also accept an array.
        let answer = json.deserialize_map(Members).ok().filter(|_| text.starts_with('{'))?;
        json.end().ok()?;
        Some(answer)
    }

    fn slot(&mut self, name: &str) -> Option<&mut Option<&'a RawValue>> {
        Some(match name {
            "access_token" => &mut self.access_token,
            "refresh_token" => &mut self.refresh_token,
            "expires_in" => &mut self.expires_in,
            "expires_in_sec" => &mut self.expires_in_sec,
            "api_domain" => &mut self.api_domain,
            "scope" => &mut self.scope,
            "scopes" => &mut self.scopes,
            "error" => &mut self.error,
            "error_description" => &mut self.error_description,
            "ok" => &mut self.ok,
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

    /// Whether the body says that the request has failed: `"ok": false`.
    pub(super) fn is_not_ok(&self) -> bool {
        self.ok.is_some_and(|ok| ok.get() == "false")
    }
}

/// The value at a JSON pointer (RFC 6901), without a copy: it may contain secrets.
pub(super) fn member_at<'a>(json: &'a str, pointer: &str) -> Option<&'a RawValue> {
    let mut value: &RawValue = serde_json::from_str(json).ok()?;
    for name in pointer.strip_prefix('/')?.split('/') {
        let name = name.replace("~1", "/").replace("~0", "~");
        value = match value.get().as_bytes().first()? {
            b'{' => {
                let mut members: HashMap<Cow<'a, str>, &'a RawValue> =
                    serde_json::from_str(value.get()).ok()?;
                members.remove(name.as_str())?
            }
            b'[' => {
                let elements: Vec<&'a RawValue> = serde_json::from_str(value.get()).ok()?;
                elements.get(name.parse::<usize>().ok()?).copied()?
            }
            _ => return None,
        };
    }
    Some(value)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_found_at_its_pointer_and_nowhere_else() {
        let body = r#"{"a":{"b/c":[{"d":1},{"d":"x"}]},"e":"f"}"#;
        let at = |pointer| member_at(body, pointer).map(RawValue::get);
        assert_eq!(at("/a/b~1c/1/d"), Some(r#""x""#));
        assert_eq!(at("/e"), Some(r#""f""#));
        for pointer in ["", "e", "/f", "/e/0", "/a/b~1c/2", "/a/b~1c/x", "/a//"] {
            assert_eq!(at(pointer), None, "{pointer}");
        }
    }

    #[test]
    fn tokens_of_an_inner_object_are_read_there_and_errors_from_the_body() {
        let text = BodyText::of(
            br#"{"ok":true,"access_token":"bot","error":"odd","authed_user":{"access_token":"user","ok":false}}"#,
        );
        let read = |at| ResponseBody::read(&text, at).expect("is an object");
        let token = |body: &ResponseBody<'_>| body.exact(body.access_token);
        assert_eq!(token(&read(None)).as_deref(), Some("bot"));
        let user = read(Some("/authed_user"));
        assert_eq!(token(&user).as_deref(), Some("user"));
        assert!(matches!(user.error(), Some(ErrorMember::Code(code)) if code == "odd"));
        assert!(!user.is_not_ok());
        assert_eq!(token(&read(Some("/missing"))).as_deref(), Some("bot"));
        let text = BodyText::of(br#"{"access_token":"new","authed_user":{"id":"U1"}}"#);
        let refreshed = ResponseBody::read(&text, Some("/authed_user")).expect("is an object");
        assert_eq!(token(&refreshed).as_deref(), Some("new"));
    }
}
