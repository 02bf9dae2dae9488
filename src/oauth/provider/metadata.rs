//! What is kept of a connection besides its tokens: members of token responses, parameters of the authorization
//! response, and the values of its variables. It is not secret, and is stored as it is.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::{ConnectionVariables, Provider};
use crate::config::{TEXT_MAX_BYTES, check_text};
use crate::error::{Error, NotAuthorized, Result};
use crate::oauth::response_body::member_at;

/// What is kept, by name. `Debug` prints only the number, as a faulty server may put anything there.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Metadata(pub Map<String, Value>);

impl std::fmt::Debug for Metadata {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Metadata({})", self.0.len())
    }
}

impl Metadata {
    /// The metadata of a row, as JSON; empty if it is not an object.
    #[must_use]
    pub fn stored(json: Option<&str>) -> Self {
        Self(json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default())
    }

    /// As JSON, to be stored; `None`: nothing is kept.
    #[must_use]
    pub fn json(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| Value::Object(self.0.clone()).to_string())
    }

    /// With `other`, whose values replace those of the same name.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        self.0.extend(other.0.iter().map(|(name, value)| (name.clone(), value.clone())));
        self
    }
}

/// The most bytes of a value, as JSON.
const VALUE_MAX_BYTES: usize = 4_096;

/// Members of a token response that are secret.
const SECRET: [&str; 4] = ["access_token", "refresh_token", "id_token", "client_secret"];

/// Whether a value has a secret member, at any depth.
fn has_secret(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().any(|(name, value)| SECRET.contains(&name.as_str()) || has_secret(value))
        }
        Value::Array(values) => values.iter().any(has_secret),
        _ => false,
    }
}

/// The members of a token response that are kept. A value that contains a secret is not.
pub(in crate::oauth) fn kept(body: &str, pointers: &BTreeMap<String, String>) -> Metadata {
    let member = |(name, pointer): (&String, &String)| {
        let member = member_at(body, pointer).filter(|json| json.get().len() <= VALUE_MAX_BYTES)?;
        let value: Value = serde_json::from_str(member.get()).ok()?;
        // PostgreSQL's jsonb has no NUL.
        let is_sound = !value.is_null() && !member.get().contains("\\u0000");
        (is_sound && !has_secret(&value)).then(|| (name.clone(), value))
    };
    Metadata(pointers.iter().filter_map(member).collect())
}

/// Checks a JSON pointer of a description.
pub(super) fn check_pointer(pointer: &str) -> std::result::Result<(), &'static str> {
    let Some((_, name)) = pointer.rsplit_once('/').filter(|_| pointer.starts_with('/')) else {
        return Err("must be a JSON pointer, such as /instance_url");
    };
    match SECRET.contains(&name) {
        true => Err("must not be a secret: metadata is stored as it is"),
        false => Ok(()),
    }
}

impl Provider {
    /// The names of everything that may be kept.
    #[must_use]
    pub fn metadata_names(&self) -> Vec<String> {
        let variables = self.connection_variables().map(|(name, _)| name);
        let members = self.metadata.keys().map(String::as_str);
        let said = self.callback_parameters.iter().map(String::as_str);
        variables.chain(members).chain(said).map(str::to_owned).collect()
    }

    /// The variables of which each connection has its own value.
    fn connection_variables(&self) -> impl Iterator<Item = (&str, &super::UrlVariable)> {
        let own = self.variables.iter().filter(|(_, variable)| variable.is_of_connection());
        own.map(|(name, variable)| (name.as_str(), variable))
    }

    /// The names of the variables that a connect request may give.
    #[must_use]
    pub fn asked_variables(&self) -> Vec<String> {
        self.connection_variables().map(|(name, _)| name.to_owned()).collect()
    }

    /// The values of a connection's variables that its row keeps.
    #[must_use]
    pub fn variables_in(&self, metadata: &Metadata) -> ConnectionVariables {
        let value = |name: &str| metadata.0.get(name).and_then(Value::as_str).map(str::to_owned);
        let kept =
            self.connection_variables().map(|(name, _)| Some((name.to_owned(), value(name)?)));
        kept.flatten().collect()
    }

    /// Checks the values that a connect request gives. One that the authorization response says need not be given.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that names the variable.
    pub fn check_variables(&self, given: &ConnectionVariables) -> Result<()> {
        let invalid = |name: &str, reason: String| {
            Err(Error::invalid("variables", format!("{name} {reason}")))
        };
        for (name, value) in given {
            let known = self.connection_variables().find(|(known, _)| known == name);
            let Some((_, variable)) = known else {
                let reason = format!("is not a variable of connections at {}", self.name);
                return invalid(name, reason);
            };
            if let Err(reason) = variable.allows(value) {
                return invalid(name, reason);
            }
        }
        let is_missing = |(name, variable): &(&str, &super::UrlVariable)| {
            variable.per_connection
                && variable.default.is_none()
                && !given.contains_key(*name)
                && self.has_variable(name)
        };
        match self.connection_variables().find(is_missing) {
            Some((name, _)) => invalid(name, format!("must be given to connect at {}", self.name)),
            None => Ok(()),
        }
    }

    /// The values of a connection's variables: those of the connect request, and those that `response`, the
    /// parameters of the authorization response, says.
    ///
    /// # Errors
    /// [`Error::Authorization`] if the response says a value that is not allowed, or another one than the request.
    pub fn answered_variables(
        &self,
        asked: &ConnectionVariables,
        response: &HashMap<String, String>,
    ) -> Result<ConnectionVariables> {
        let mut variables = asked.clone();
        for (name, variable) in self.connection_variables() {
            let answer = variable.callback_parameter.as_ref().and_then(|name| response.get(name));
            let Some(answer) = answer else { continue };
            let is_other = asked.get(name).is_some_and(|asked| asked != answer);
            if is_other || variable.allows(answer).is_err() {
                let parameter = variable.callback_parameter.clone().unwrap_or_default();
                return Err(Error::not_authorized(NotAuthorized::AnotherIssuer, parameter));
            }
            variables.insert(name.to_owned(), answer.clone());
        }
        Ok(variables)
    }

    /// What is kept of an authorization response, and of the connection's variables.
    #[must_use]
    pub fn metadata_of_response(
        &self,
        variables: ConnectionVariables,
        response: &HashMap<String, String>,
    ) -> Metadata {
        let named = self.callback_parameters.iter();
        let kept = named.filter_map(|name| Some((name.clone(), response.get(name)?.clone())));
        let sound = kept.filter(|(_, value)| check_text("metadata", value, TEXT_MAX_BYTES).is_ok());
        let all = sound.chain(variables).map(|(name, value)| (name, Value::String(value)));
        Metadata(all.collect())
    }
}
