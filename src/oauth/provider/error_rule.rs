//! What the errors of a provider mean.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::one_or_more::one_or_more;
use crate::oauth::Meaning;

/// The code of a refusal without a body, as stored in `invalid_reason` of existing rows.
const EMPTY_BODY: &str = "an empty answer";

/// A rule; every condition that it has must hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ErrorRule {
    /// Statuses.
    #[serde(default, deserialize_with = "one_or_more")]
    status: Vec<u16>,
    /// Values of `error`.
    #[serde(default, deserialize_with = "one_or_more")]
    error: Vec<String>,
    /// A JSON pointer (RFC 6901) of a member.
    path: Option<String>,
    /// Values of that member, or of one of its elements.
    #[serde(default, deserialize_with = "one_or_more")]
    value: Vec<Value>,
    /// Words in `error_description`, in any case.
    description: Option<String>,
    /// Whether the body must be empty.
    #[serde(default)]
    empty_body: bool,
    /// What it means.
    meaning: Meaning,
    /// Its name in errors, with `{value}` for the value; `None`: the `error` or value that matched.
    code: Option<String>,
    /// How long to wait, in seconds.
    pause: Option<u32>,
}

/// A response, as far as rules concern it.
#[derive(Clone, Copy, Default)]
pub(in crate::oauth) struct Told<'a> {
    /// The status; 0 if there was none.
    pub status: u16,
    /// The member `error`.
    pub error: Option<&'a str>,
    /// The member `error_description`.
    pub description: Option<&'a str>,
    /// The body.
    pub body: &'a str,
}

/// What a rule says of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::oauth) struct Matched {
    /// What it is called in errors: a word of the description, never of the response.
    pub code: String,
    /// What it means.
    pub meaning: Meaning,
    /// How long to wait, unless the response says it.
    pub pause: Option<Duration>,
}

impl ErrorRule {
    /// Checks that it has a condition.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let Self { status, error, path, value, description, .. } = self;
        if path.is_some() == value.is_empty() {
            return Err("path and value must be given together");
        }
        if path.as_ref().is_some_and(|path| !path.starts_with('/')) {
            return Err(
                "path must be a JSON pointer (RFC 6901), such as /status or /errors/0/code",
            );
        }
        let in_body = !error.is_empty() || path.is_some() || description.is_some();
        let ends_grant = matches!(self.meaning, Meaning::DeadGrant | Meaning::UserAction);
        let are_refusals =
            !status.is_empty() && status.iter().all(|status| (400..500).contains(status));
        match in_body || self.empty_body {
            true if self.empty_body && ends_grant && !are_refusals => {
                Err("an empty body ends a grant only with a status from 400 to 499")
            }
            false if status.is_empty() => Err("must have a condition"),
            // A status alone may have nothing to do with the grant.
            false if ends_grant => Err("must have a condition besides status"),
            true if in_body && self.empty_body => Err("an empty body has no members"),
            _ => Ok(()),
        }
    }

    /// What it says of a response; `None`: it does not match. `parsed` is the body, if it is JSON.
    pub(super) fn find(&self, told: Told<'_>, parsed: &Parsed<'_>) -> Option<Matched> {
        let (mut word, mut code) = (None, self.code.clone());
        if !self.status.is_empty() && !self.status.contains(&told.status) {
            return None;
        }
        if !self.error.is_empty() {
            word =
                Some(self.error.iter().find(|error| Some(error.as_str()) == told.error)?.clone());
        }
        if let Some(path) = &self.path {
            let member = parsed.get()?.pointer(path)?;
            let value = self.value.iter().find(|value| is_or_has(member, value))?;
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            code = code.map(|code| code.replace("{value}", &value));
            word = Some(value);
        }
        if let Some(words) = &self.description {
            let description = told.description?.to_ascii_lowercase();
            if !description.contains(&words.to_ascii_lowercase()) {
                return None;
            }
            word = word.or_else(|| Some(words.clone()));
        }
        if self.empty_body && !told.body.is_empty() {
            return None;
        }
        Some(Matched {
            code: code.or(word).unwrap_or_else(|| EMPTY_BODY.to_owned()),
            meaning: self.meaning,
            pause: self.pause.map(|seconds| Duration::from_secs(seconds.into())),
        })
    }
}

/// The first rule that matches.
pub(in crate::oauth) fn first_match(rules: &[ErrorRule], told: Told<'_>) -> Option<Matched> {
    let parsed = Parsed::of(told.body);
    rules.iter().find_map(|rule| rule.find(told, &parsed))
}

/// A body, which is parsed when a rule first needs it.
pub(super) struct Parsed<'a> {
    body: &'a str,
    value: std::cell::OnceCell<Option<Value>>,
}

impl<'a> Parsed<'a> {
    fn of(body: &'a str) -> Self {
        Self { body, value: std::cell::OnceCell::new() }
    }

    fn get(&self) -> Option<&Value> {
        self.value.get_or_init(|| serde_json::from_str(self.body).ok()).as_ref()
    }
}

fn is_or_has(member: &Value, value: &Value) -> bool {
    member == value || member.as_array().is_some_and(|elements| elements.contains(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(json: &str) -> ErrorRule {
        serde_json::from_str(json).expect("is a rule")
    }

    fn code(json: &str, status: u16, body: &str) -> Option<String> {
        let parsed: Value = serde_json::from_str(body).unwrap_or_default();
        let member = |name: &str| parsed.get(name).and_then(Value::as_str);
        let (error, description) = (member("error"), member("error_description"));
        first_match(&[rule(json)], Told { status, error, description, body })
            .map(|found| found.code)
    }

    #[test]
    fn an_empty_body_is_stored_under_the_reason_that_existing_rows_have() {
        let empty = r#"{"status":400,"emptyBody":true,"meaning":"grant_dead"}"#;
        assert_eq!(code(empty, 400, "").as_deref(), Some("an empty answer"));
        assert_eq!(code(empty, 401, ""), None);
        assert_eq!(code(empty, 400, "{}"), None);
    }

    #[test]
    fn a_member_is_found_where_its_path_says_and_nowhere_else() {
        let own = r#"{"path":"/errors/0/code","value":["invalid",4702],"meaning":"grant_dead"}"#;
        assert_eq!(
            code(own, 400, r#"{"errors":[{"code":"invalid"}]}"#).as_deref(),
            Some("invalid")
        );
        assert_eq!(code(own, 400, r#"{"errors":[{"code":4702}]}"#).as_deref(), Some("4702"));
        assert_eq!(code(own, 400, r#"{"errors":[{"code":[1,4702]}]}"#).as_deref(), Some("4702"));
        for body in [
            r#"{"errors":[{"code":"other"},{"code":"invalid"}]}"#,
            r#"{"errors":{"code":"invalid"}}"#,
            r#"{"errors":[{"code":"4702"}]}"#,
            "",
            "<html>",
        ] {
            assert_eq!(code(own, 400, body), None, "{body}");
        }
    }

    #[test]
    fn a_code_may_contain_the_value() {
        let own = r#"{"path":"/error_codes","value":[50055,65001],"code":"AADSTS{value}","meaning":"user_action"}"#;
        let body = r#"{"error_codes":[1,65001]}"#;
        assert_eq!(code(own, 400, body).as_deref(), Some("AADSTS65001"));
    }

    #[test]
    fn all_conditions_must_hold() {
        let own = r#"{"status":[401,403],"error":"unauthorized_client","description":"token is INVALID","meaning":"grant_dead"}"#;
        let body = r#"{"error":"unauthorized_client","error_description":"the client is invalid"}"#;
        assert_eq!(code(own, 403, body).as_deref(), None);
        let body = r#"{"error":"unauthorized_client","error_description":"the Token is invalid."}"#;
        assert_eq!(code(own, 403, body).as_deref(), Some("unauthorized_client"));
        assert_eq!(code(own, 400, body), None);
    }

    #[test]
    fn a_rule_that_would_match_anything_is_refused() {
        for json in [
            r#"{"meaning":"grant_dead"}"#,
            r#"{"status":400,"meaning":"grant_dead"}"#,
            r#"{"path":"/a","meaning":"grant_dead"}"#,
            r#"{"value":"a","meaning":"grant_dead"}"#,
            r#"{"path":"a","value":"a","meaning":"grant_dead"}"#,
            r#"{"error":"a","emptyBody":true,"meaning":"grant_dead"}"#,
            r#"{"emptyBody":true,"meaning":"grant_dead"}"#,
            r#"{"status":[200,400],"emptyBody":true,"meaning":"user_action"}"#,
        ] {
            assert!(rule(json).check().is_err(), "{json}");
        }
        assert_eq!(rule(r#"{"error":"a","meaning":"throttled"}"#).check(), Ok(()));
    }
}
