//! Connection strings.

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use tokenkeep::db::{DatabaseSettings, Login};

use super::{secret, text, tries};

/// Characters that end a part of a URL, or have a meaning in it.
const SPECIAL: [&str; 12] = ["@", "/", "?", "#", "&", "=", ":", "%", "%4", "[", " ", "'"];
const HARMLESS: [&str; 7] = [
    "sslmode=disable",
    "sslmode=prefer",
    "ssl=false",
    "pgbouncer=true",
    "application_name=app",
    "options=-c%20geqo%3Doff",
    "schema=app",
];
/// Those that say themselves how the connection is.
const MODES: [&str; 3] = ["sslmode=disable", "sslmode=prefer", "ssl=false"];
const TLS: [&str; 8] = [
    "sslmode=require",
    "sslmode=verify-ca",
    "sslmode=verify-full",
    "ssl=true",
    "sslrootcert=/ca.pem",
    "sslnegotiation=direct",
    "channel_binding=require",
    "%73slmode=require",
];

/// libpq's parameters of TLS: name, variable, and values from the weakest on. (PostgreSQL's documentation,
/// "Database Connection Control Functions" and "Environment Variables".)
const LIBPQ: [(&str, &str, &[&str]); 8] = [
    (
        "sslmode",
        "PGSSLMODE",
        &["disable", "allow", "prefer", "no-verify", "require", "verify-ca", "verify-full"],
    ),
    ("sslrootcert", "PGSSLROOTCERT", &["/one.pem", "/other.pem", "system"]),
    ("sslcert", "PGSSLCERT", &["/one.crt", "/other.crt"]),
    ("sslkey", "PGSSLKEY", &["/one.key", "/other.key"]),
    ("sslnegotiation", "PGSSLNEGOTIATION", &["postgres", "direct"]),
    ("channel_binding", "PGCHANNELBINDING", &["disable", "prefer", "require"]),
    ("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", &["TLSv1.2", "TLSv1.3"]),
    ("sslcertmode", "PGSSLCERTMODE", &["disable", "allow", "require"]),
];

/// For each parameter what the URL, and what the variable says of it.
fn combination() -> impl Strategy<Value = Vec<[Option<&'static str>; 2]>> {
    LIBPQ.map(|(_, _, values)| [option::of(select(values)), option::of(select(values))]).to_vec()
}

/// A URL with these values of the parameters.
fn url_with(values: impl Iterator<Item = Option<&'static str>>) -> String {
    let named = LIBPQ.iter().zip(values).filter_map(|((name, ..), value)| Some((name, value?)));
    let parameters: Vec<_> = named.map(|(name, value)| format!("{name}={value}")).collect();
    format!("postgres://user@host/app?{}", parameters.join("&"))
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

proptest! {
    #![proptest_config(tries(1_000))]

    #[test]
    fn any_text_is_taken_or_refused(url in text(60), schema in proptest::option::of(text(30))) {
        for url in [url.clone(), format!("postgres://{url}")] {
            if let Ok(settings) = DatabaseSettings::new(&url, schema.as_deref(), &Login::default()) {
                let printed = format!("{settings:?}");
                prop_assert_eq!(printed, "DatabaseSettings(redacted, 6 connections)");
            }
        }
    }

    #[test]
    fn no_part_of_a_password_is_ever_printed(
        parts in vec((secret(), select(&SPECIAL[..])), 1..4),
        form in select(&["login", "parameter", "words"][..]),
        port in "[0-9]{0,6}",
        parameters in vec(select(&HARMLESS[..]), 0..3),
    ) {
        let password: String =
            parts.iter().flat_map(|(part, special)| [part.as_str(), special]).collect();
        let parameters = parameters.join("&");
        let url = match form {
            "login" => format!("postgres://user:{password}@host:{port}/app?{parameters}"),
            "parameter" => format!("postgres://host:{port}/app?password={password}&{parameters}"),
            _ => format!("host=host port={port} password={password}"),
        };
        let printed = match DatabaseSettings::new(&url, None, &Login::default()) {
            Ok(settings) => format!("{settings:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        for (part, _) in &parts {
            prop_assert!(!printed.contains(part), "{}", printed);
        }
    }

    #[test]
    fn an_escaped_password_may_be_anything(password in text(20)) {
        let url = format!("postgres://user:{}@host/app", escaped(&password));
        prop_assert!(DatabaseSettings::new(&url, None, &Login::default()).is_ok());
    }

    #[test]
    fn tls_that_is_asked_for_anywhere_is_not_left_out(
        mut parameters in vec(select(&HARMLESS[..]), 0..5),
        tls in select(&TLS[..]),
        at: proptest::sample::Index,
    ) {
        parameters.insert(at.index(parameters.len() + 1), tls);
        let url = format!("postgres://user:password@host/app?{}", parameters.join("&"));
        if let Ok(settings) = DatabaseSettings::new(&url, Some("app"), &Login::default()) {
            let is_settled = parameters.iter().any(|other| MODES.contains(other));
            prop_assert!(settings.transport.is_required() || (is_settled && !tls.contains("mode")));
        }
        let words = format!("host=host {}", parameters.join(" "));
        prop_assert!(DatabaseSettings::new(&words, Some("app"), &Login::default()).is_err());
    }

    #[test]
    fn each_variable_of_libpq_counts_where_the_url_does_not_name_its_parameter(
        said in combination(),
    ) {
        let none = Login::default();
        let url = url_with(said.iter().map(|[in_url, _]| *in_url));
        let variables = LIBPQ.iter().zip(&said);
        let variables: HashMap<String, String> = variables
            .filter_map(|((_, name, _), [_, value])| Some((name.to_string(), (*value)?.to_owned())))
            .collect();
        let found = DatabaseSettings::with_variables(&url, None, &none, &variables);
        // The URL's, else the variable's, else the default: as if the URL said all of it.
        let effective: Vec<_> = said.iter().map(|[in_url, variable]| in_url.or(*variable)).collect();
        let wanted = DatabaseSettings::new(&url_with(effective.iter().copied()), None, &none);
        prop_assert_eq!(found.is_ok(), wanted.is_ok(), "{} {:?}", url, variables);
        let (Ok(found), Ok(wanted)) = (found, wanted) else { return Ok(()) };
        prop_assert!(found.transport == wanted.transport, "{} {:?}", url, variables);
        // Nothing is less than what counts asks for.
        let asks = |index: usize, value: &str| effective[index] == Some(value);
        let mode = effective[0];
        let checks = match mode {
            Some("verify-full" | "require") => &["verify-full"][..],
            Some("verify-ca") => &["verify-full", "verify-ca"],
            Some("no-verify") => &["verify-full", "verify-ca", "no-verify"],
            Some("prefer" | "allow") => &["verify-full", "verify-ca", "no-verify", "prefer"],
            Some(_) => &["disable"],
            None if effective[1].is_some() => &["verify-full"],
            None => &["verify-full", "disable"],
        };
        prop_assert!(checks.contains(&found.transport.mode()), "{} {:?}", url, variables);
        if asks(4, "direct") || asks(5, "require") || asks(6, "TLSv1.3") {
            prop_assert!(found.transport.is_required(), "{} {:?}", url, variables);
        }
        // A check that is not made is never left out in silence.
        prop_assert!(!asks(7, "require"));
    }

    #[test]
    fn what_asks_for_a_check_that_is_not_made_is_refused(
        name in select(&["sslcrl", "sslcrldir", "require_auth", "requirepeer"][..]),
        value in "[a-z]{1,9}",
        tls in select(&TLS[..]),
    ) {
        let url = format!("postgres://user@host/app?{tls}&{name}={value}");
        prop_assert!(DatabaseSettings::new(&url, None, &Login::default()).is_err());
    }

    #[test]
    fn a_schema_stays_one_name(name in prop_oneof![text(20), "[a-z\"]{61,66}"]) {
        let settings = DatabaseSettings::new("postgres://host/app", Some(&name), &Login::default());
        let fits = (1..=63).contains(&name.len()) && !name.contains('\0');
        prop_assert_eq!(settings.is_ok(), fits);
        if let Ok(settings) = settings {
            let quoted = name.replace('"', "\"\"");
            prop_assert_eq!(settings.qualified("gmail_tokens"), format!("\"{quoted}\".gmail_tokens"));
        }
    }
}
