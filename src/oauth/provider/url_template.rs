//! URLs with variables in braces, such as `https://{shop}.myshopify.com/admin/oauth/access_token`. A value
//! decides to which host the client secret is sent, so it must be one of a list or match a pattern as a whole.

use std::borrow::Cow;
use std::collections::BTreeMap;

use regex_lite::Regex;
use serde::Deserialize;

/// A URL with variables.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct UrlTemplate(String);

/// A variable.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct UrlVariable {
    /// The values that are allowed.
    pub values: Vec<String>,
    /// A regular expression for the whole value.
    pub pattern: Option<String>,
    /// Used if none is given.
    pub default: Option<String>,
    /// The value that the application has set, which holds for all connections.
    pub value: Option<String>,
    /// Whether each connection has its own value, which the connect request gives and the row keeps.
    pub per_connection: bool,
    /// The parameter of the authorization response that says the value for this connection.
    pub callback_parameter: Option<String>,
}

/// The values of a connection's variables, by name.
pub type ConnectionVariables = BTreeMap<String, String>;

impl UrlVariable {
    /// Checks the declaration.
    pub(super) fn check(&self) -> Result<(), String> {
        match (&self.pattern, self.values.is_empty()) {
            (Some(_), false) => return Err("must have values or a pattern, not both".into()),
            (None, true) => return Err("must have values or a pattern".into()),
            (Some(pattern), true) => {
                let invalid = |error: regex_lite::Error| format!("pattern: {error}");
                whole(pattern).map_err(invalid)?;
            }
            (None, false) => {}
        }
        for value in [&self.default, &self.value].into_iter().flatten() {
            self.allows(value)?;
        }
        Ok(())
    }

    /// Whether connections have values of their own.
    pub(super) fn is_of_connection(&self) -> bool {
        (self.per_connection || self.callback_parameter.is_some()) && self.value.is_none()
    }

    /// Whether it may have this value.
    pub(super) fn allows(&self, value: &str) -> Result<(), String> {
        let Some(pattern) = &self.pattern else {
            return match self.values.iter().any(|known| known == value) {
                true => Ok(()),
                false => Err(format!("must be one of {}", self.values.join(", "))),
            };
        };
        match whole(pattern).is_ok_and(|pattern| pattern.is_match(value)) {
            true => Ok(()),
            false => Err(format!("must match {pattern}")),
        }
    }
}

/// The pattern for a whole text.
fn whole(pattern: &str) -> Result<Regex, regex_lite::Error> {
    Regex::new(&format!("^(?:{pattern})$"))
}

impl UrlTemplate {
    pub(super) fn new(url: &str) -> Self {
        Self(url.to_owned())
    }

    /// The first variable that is not declared.
    pub(super) fn undeclared(&self, declared: &BTreeMap<String, UrlVariable>) -> Option<&str> {
        self.parts().filter_map(|(_, name)| name).find(|name| !declared.contains_key(*name))
    }

    /// Literal text, and the variable after it.
    fn parts(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let mut rest = Some(self.0.as_str());
        std::iter::from_fn(move || {
            let text = rest.take()?;
            let Some((before, after)) = text.split_once('{') else { return Some((text, None)) };
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            rest = Some(after);
            Some((before, Some(name)))
        })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it has this variable.
    pub(super) fn has(&self, name: &str) -> bool {
        self.parts().any(|(_, other)| other == Some(name))
    }

    /// Whether the URL is not the same for all connections.
    pub(super) fn varies(&self, declared: &BTreeMap<String, UrlVariable>) -> bool {
        let mut names = self.parts().filter_map(|(_, name)| name);
        names.any(|name| declared.get(name).is_some_and(UrlVariable::is_of_connection))
    }

    /// The URL with the values that the application has set, or else those of the connection, or else the
    /// defaults. Returns the variable that is missing or not allowed, and why.
    pub(super) fn fill(
        &self,
        declared: &BTreeMap<String, UrlVariable>,
        own: &ConnectionVariables,
    ) -> Result<String, (String, Cow<'static, str>)> {
        let mut url = String::new();
        for (text, name) in self.parts() {
            url.push_str(text);
            let Some(name) = name else { continue };
            let missing = || (name.to_owned(), "is not set".into());
            let variable = declared.get(name).ok_or_else(missing)?;
            let own = own.get(name).filter(|_| variable.is_of_connection()).map(String::as_str);
            let value = variable.value.as_deref().or(own).or(variable.default.as_deref());
            let value = value.ok_or_else(missing)?;
            variable.allows(value).map_err(|reason| (name.to_owned(), reason.into()))?;
            url.push_str(value);
        }
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(json: &str) -> BTreeMap<String, UrlVariable> {
        serde_json::from_str(json).expect("are declarations")
    }

    #[test]
    fn a_value_that_only_contains_what_is_allowed_is_refused() {
        let url = UrlTemplate::new("https://{shop}.example/token");
        let shop = declared(r#"{"shop":{"pattern":"[a-z0-9-]+|x"}}"#);
        let fill = |value: &str| {
            let mut shop = shop.clone();
            shop.values_mut().for_each(|shop| shop.value = Some(value.to_owned()));
            url.fill(&shop, &none())
        };
        assert_eq!(fill("acme").as_deref(), Ok("https://acme.example/token"));
        for odd in ["evil.test/", "acme.", "", "ACME", "acme\n", "x.evil.test", "a/x"] {
            let (name, reason) = fill(odd).expect_err(odd);
            assert_eq!((&*name, &*reason), ("shop", "must match [a-z0-9-]+|x"), "{odd}");
        }
        let (_, reason) = url.fill(&shop, &none()).expect_err("is missing");
        assert_eq!(reason, "is not set");
    }

    fn none() -> ConnectionVariables {
        ConnectionVariables::new()
    }

    #[test]
    fn a_connection_decides_only_about_a_variable_that_is_its_own() {
        let url = UrlTemplate::new("https://{host}/");
        let own = ConnectionVariables::from([("host".to_owned(), "b".to_owned())]);
        for (json, filled) in [
            (r#"{"host":{"values":["a","b"],"default":"a"}}"#, "https://a/"),
            (r#"{"host":{"values":["a","b"],"default":"a","perConnection":true}}"#, "https://b/"),
            (r#"{"host":{"values":["a","b"],"callbackParameter":"h"}}"#, "https://b/"),
            (r#"{"host":{"values":["a","b"],"value":"a","perConnection":true}}"#, "https://a/"),
        ] {
            assert_eq!(url.fill(&declared(json), &own).as_deref(), Ok(filled), "{json}");
        }
        let closed = declared(r#"{"host":{"values":["a"],"perConnection":true}}"#);
        assert!(url.fill(&closed, &own).is_err());
    }

    #[test]
    fn what_the_application_has_set_comes_before_the_default() {
        let url = UrlTemplate::new("https://{host}/{host}");
        let both = declared(r#"{"host":{"values":["a","b"],"default":"a","value":"b"}}"#);
        assert_eq!(url.fill(&both, &none()).as_deref(), Ok("https://b/b"));
        let usual = declared(r#"{"host":{"values":["a","b"],"default":"a"}}"#);
        assert_eq!(url.fill(&usual, &none()).as_deref(), Ok("https://a/a"));
    }

    #[test]
    fn a_declaration_without_a_limit_is_refused() {
        for json in [
            r#"{"a":{}}"#,
            r#"{"a":{"values":["x"],"pattern":"x"}}"#,
            r#"{"a":{"pattern":"("}}"#,
            r#"{"a":{"values":["x"],"default":"y"}}"#,
            r#"{"a":{"pattern":"[a-z]","value":"Y"}}"#,
        ] {
            assert!(declared(json)["a"].check().is_err(), "{json}");
        }
    }

    #[test]
    fn a_variable_that_is_not_declared_is_named() {
        let url = UrlTemplate::new("https://{a}.{b}/");
        assert_eq!(url.undeclared(&declared(r#"{"a":{"values":["x"]}}"#)), Some("b"));
    }
}
