//! The option `deadGrant`: a provider's responses for a dead grant.

use serde_json::Value;

use super::Refusal;

/// Responses that mean a dead grant, in addition to the codes that count everywhere. Throttling, redirects and
/// 5xx never match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeadGrant {
    /// `error` codes.
    pub codes: Vec<String>,
    /// Status codes with an empty body.
    pub status_with_empty_body: Vec<u16>,
    /// Members of the body.
    pub members: Vec<Member>,
}

/// A member of a JSON body, and its value for a dead grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// A JSON pointer (RFC 6901), such as `/errors/0/code`.
    pub path: String,
    /// The value: a string, or a number or boolean as JSON text.
    pub value: String,
}

/// The code of a refusal without a body, as stored in `invalid_reason` of existing rows.
const EMPTY_BODY: &str = "an empty answer";

impl DeadGrant {
    /// The refusal, if the response matches; `code` is its `error`.
    pub(super) fn find(&self, status: u16, code: Option<&str>, body: &str) -> Option<Refusal> {
        let refusal = |code: &str| Refusal { status: Some(status), code: code.to_owned() };
        if let Some(code) = self.codes.iter().find(|own| Some(own.as_str()) == code) {
            return Some(refusal(code));
        }
        if body.is_empty() && self.status_with_empty_body.contains(&status) {
            return Some(refusal(EMPTY_BODY));
        }
        if self.members.is_empty() {
            return None;
        }
        let body: Value = serde_json::from_str(body).ok()?;
        let member = self.members.iter().find(|member| member.is_in(&body))?;
        Some(refusal(&member.value))
    }
}

impl Member {
    fn is_in(&self, body: &Value) -> bool {
        match body.pointer(&self.path) {
            Some(Value::String(text)) => *text == self.value,
            Some(value @ (Value::Number(_) | Value::Bool(_))) => {
                serde_json::from_str(&self.value).is_ok_and(|wanted: Value| wanted == *value)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_body_is_stored_under_the_reason_that_existing_rows_have() {
        let own = DeadGrant { status_with_empty_body: vec![400], ..DeadGrant::default() };
        let refusal = own.find(400, None, "").expect("is a dead grant");
        assert_eq!(refusal.code, "an empty answer");
    }

    #[test]
    fn a_member_is_found_where_its_path_says_and_nowhere_else() {
        let member = |path: &str, value: &str| Member { path: path.into(), value: value.into() };
        let members = vec![member("/errors/0/code", "invalid"), member("/reason", "4702")];
        let own = DeadGrant { members, ..DeadGrant::default() };
        for body in [r#"{"errors":[{"code":"invalid"}]}"#, r#"{"reason":4702}"#] {
            assert!(own.find(400, None, body).is_some(), "{body}");
        }
        for body in [
            r#"{"errors":[{"code":"other"},{"code":"invalid"}]}"#,
            r#"{"errors":{"code":"invalid"}}"#,
            r#"{"reason":[4702]}"#,
            "",
            "<html>",
        ] {
            assert!(own.find(400, None, body).is_none(), "{body}");
        }
    }
}
