//! Connection strings.

use proptest::collection::vec;
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
