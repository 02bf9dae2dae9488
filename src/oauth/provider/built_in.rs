//! The built-in providers: `providers/*.json`, with the source of each fact beside it.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        /// The names of the built-in providers.
        pub const BUILT_IN_NAMES: &[&str] = &[$($name),*];

        const FILES: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../../providers/", $name, ".json")))),*
        ];
    };
}

built_in![
    "airtable",
    "asana",
    "atlassian",
    "box",
    "calendly",
    "discord",
    "docusign",
    "dropbox",
    "figma",
    "github",
    "gitlab",
    "google",
    "hubspot",
    "intercom",
    "intuit",
    "linear",
    "linkedin",
    "microsoft",
    "monday",
    "notion",
    "pipedrive",
    "salesforce",
    "shopify",
    "slack",
    "spotify",
    "stripe",
    "x",
    "xero",
    "zoho",
    "zoom",
];

/// What is not part of a description: for `docs/providers.md`.
const FOR_READERS: [&str; 2] = ["facts", "sources"];

/// Fields that belong to the token endpoint: those of a built-in provider do not hold for another endpoint.
const OF_TOKEN_URL: [&str; 5] =
    ["refreshUrl", "revocationUrl", "revocation", "rotation", "rotationGrace"];

/// The fields of a built-in provider.
pub(super) fn fields(name: &str) -> Option<&'static Map<String, Value>> {
    static READ: LazyLock<HashMap<&str, Map<String, Value>>> = LazyLock::new(|| {
        let read = |(name, text): &(&'static str, &str)| {
            let mut fields: Map<String, Value> = serde_json::from_str(text).ok()?;
            FOR_READERS.iter().for_each(|name| drop(fields.remove(*name)));
            Some((*name, fields))
        };
        FILES.iter().filter_map(read).collect()
    });
    READ.get(name)
}

/// The fields of a description, and those of the built-in provider of this name that it does not have.
///
/// # Errors
/// The name of a variable that has a value, but is not declared.
pub(super) fn with(
    name: &str,
    mut given: Map<String, Value>,
) -> Result<Map<String, Value>, String> {
    let mut all = fields(name).cloned().unwrap_or_default();
    if given.contains_key("tokenUrl") {
        OF_TOKEN_URL.iter().for_each(|field| drop(all.remove(*field)));
    }
    let variables = given.remove("variables");
    // Its own rules come first, as the first that matches counts.
    if let (Some(Value::Array(own)), Some(Value::Array(built_in))) =
        (given.get_mut("errors"), all.get("errors"))
    {
        own.extend(built_in.iter().cloned());
    }
    all.extend(given);
    merge_variables(&mut all, variables)?;
    Ok(all)
}

/// Adds `variables`: declarations, and values of declared ones.
fn merge_variables(
    fields: &mut Map<String, Value>,
    variables: Option<Value>,
) -> Result<(), String> {
    let Some(Value::Object(variables)) = variables else { return Ok(()) };
    let declared = fields.entry("variables").or_insert_with(|| Map::new().into());
    let Value::Object(declared) = declared else { return Ok(()) };
    for (name, given) in variables {
        match (declared.get_mut(&name), given) {
            (Some(Value::Object(declaration)), Value::String(value)) => {
                declaration.insert("value".to_owned(), value.into());
            }
            (_, Value::String(_)) => return Err(name),
            (_, given) => drop(declared.insert(name, given)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Provider, Rotation, RotationGrace, UrlVariable};
    use super::*;

    #[test]
    fn every_built_in_provider_can_be_read() {
        for name in BUILT_IN_NAMES {
            assert!(fields(name).is_some(), "{name} is not JSON");
            let read = Provider::described(name, "{}");
            assert!(read.is_ok(), "{name}: {read:?}");
        }
    }

    #[test]
    fn an_endpoint_of_its_own_takes_neither_rotation_nor_revocation_of_the_built_in_one() {
        let xero = Provider::built_in("xero").expect("is built in");
        assert_ne!(xero.rotation_grace, RotationGrace::None);
        let moved = xero.with_token_url("https://proxy.example/t");
        assert_eq!(moved.rotation_grace, RotationGrace::None);
        let own = r#"{"tokenUrl":"https://proxy.example/t"}"#;
        let own = Provider::described("xero", own).expect("is described");
        assert_eq!(own.rotation_grace, RotationGrace::None);
        let own = Provider::described("google", r#"{"tokenUrl":"https://proxy.example/t"}"#);
        let own = own.expect("is described");
        assert!(own.revocation_url.is_none() && own.rotation == Rotation::Sometimes);
        let given = r#"{"tokenUrl":"https://proxy.example/t","rotation":"never"}"#;
        let given = Provider::described("google", given).expect("is described");
        assert_eq!(given.rotation, Rotation::Never);
    }

    #[test]
    fn the_rules_of_an_application_come_before_those_of_the_built_in_provider() {
        let usual = Provider::built_in("slack").expect("is built in").errors.len();
        let given = r#"{"errors":[{"error":"odd","meaning":"grant_dead"}]}"#;
        let own = Provider::described("slack", given).expect("is described");
        assert_eq!(own.errors.len(), usual + 1);
        let plain = Provider::described("slack", "{}").expect("is described");
        assert_eq!(plain.errors.len(), usual);
    }

    #[test]
    fn a_string_is_the_value_of_a_declared_variable() {
        let given = r#"{"variables":{"tenant":"contoso.com"}}"#;
        let provider = Provider::described("microsoft", given).expect("is described");
        let value = |variable: &UrlVariable| variable.value.clone();
        assert_eq!(
            provider.variables.get("tenant").and_then(value).as_deref(),
            Some("contoso.com")
        );
    }
}
